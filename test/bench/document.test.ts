import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { listEntries } from "./entries.ts";
import { BENCHMARKS_PAGE, insertReport } from "./write-document.ts";

test("The benchmarks page has a section for every benchmark", () => {
  const page = readFileSync(BENCHMARKS_PAGE, "utf8");
  const names = listEntries()
    .filter(({ writesReport }) => writesReport)
    .map(({ name }) => name);
  assert.deepEqual(
    names.filter((name) => !page.includes(`<!-- bench:${name}:begin -->`)),
    [],
  );
  assert.ok(names.includes("edge"));
});

test("A report replaces its section of the page and nothing else", () => {
  const page = "before\n<!-- bench:edge:begin -->\nold\n<!-- bench:edge:end -->\nafter\n";
  const report = {
    name: "edge",
    date: "2026-11-28",
    machine: "2 virtual cores",
    command: "npm run bench -- --only edge",
    tables: [{ title: "CPU", rows: [{ side: "a|b", ms: 1 }, { side: "c" }] }],
    bars: [{ name: "b", limit: 1.5, measured: 1.609, unit: "×", ok: false }],
  };
  assert.equal(
    insertReport(page, report),
    `before
<!-- bench:edge:begin -->

2026-11-28, 2 virtual cores, by this command:

\`\`\`sh
npm run bench -- --only edge
\`\`\`

CPU:

| side | ms |
| --- | --- |
| a\\|b | 1 |
| c |  |

Bars:

| bar | measured | limit | kept |
| --- | --- | --- | --- |
| b | 1.61 × | 1.5 × | **no** |

<!-- bench:edge:end -->
after
`,
  );
});

test("A report without a section is an error", () => {
  const report = { name: "new", date: "", machine: "", command: "", tables: [], bars: [] };
  assert.throws(() => insertReport("", report), /new: no lines <!-- bench:new:begin -->/);
});
