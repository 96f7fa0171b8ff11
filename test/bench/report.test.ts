import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { checkBar, checkTimeBar, formatBar, round } from "./report.ts";

const REPORT = new URL("report.ts", import.meta.url).href;

/** Runs a benchmark with one bar, whose limit is 1.5 ×. */
function runBench(measured: number) {
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  const [script, json] = [join(folder, "sample.mts"), join(folder, "report.json")];
  const source = `
    import { checkBar, createReport, finishBench } from ${JSON.stringify(REPORT)};
    const tables = [{ title: "CPU", rows: [{ side: "edge", "µs": 12 }] }];
    finishBench(createReport("sample", tables, [checkBar("edge", ${measured}, 1.5, "×")]));`;
  writeFileSync(script, source);
  const args = [script, "--json", json];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  return { status, stdout, stderr, report: JSON.parse(readFileSync(json, "utf8")) };
}

test("A benchmark that keeps its bars prints its tables, writes its report and ends with 0", () => {
  const { status, stdout, stderr, report } = runBench(1.2);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /CPU\n.*'edge'.*Bars/s);
  const { name, command, tables, bars } = report;
  assert.deepEqual(
    { name, command, tables, bars },
    {
      name: "sample",
      command: "npm run bench -- --only sample",
      tables: [{ title: "CPU", rows: [{ side: "edge", µs: 12 }] }],
      bars: [{ name: "edge", limit: 1.5, measured: 1.2, unit: "×", ok: true }],
    },
  );
});

test("A benchmark that misses a bar names it and ends with 1", () => {
  const { status, stderr } = runBench(1.61);
  assert.equal(status, 1);
  assert.equal(stderr, "missed bar: sample: edge: 1.61 ×, limit 1.5 ×\n");
});

test("A bar without a measured number is missed", () => {
  assert.equal(checkBar("edge", Number.NaN, 1.5, "×").ok, false);
  assert.equal(checkTimeBar("cold", 10, 15, Number.NaN).ok, false);
});

test("A figure is rounded to three digits, or to whole numbers from 1,000 on", () => {
  assert.deepEqual([0.12345, 12.345, 1234.5].map(round), [0.123, 12.3, 1235]);
  assert.equal(formatBar(checkBar("edge", 1.23456, 1.5, "×")), "edge: 1.23 ×, limit 1.5 ×");
});

test("The runner rejects an unknown benchmark and names the known ones", () => {
  const runner = fileURLToPath(new URL("run.ts", import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [runner, "--only", "nothing"], { encoding: "utf8" });
  assert.equal(status, 1);
  assert.match(stderr, /unknown benchmark: nothing\. Use /);
});

test("A limit in ms is that of the reference machine", () => {
  assert.equal(checkTimeBar("cold", 30, 15, 2).ok, true);
  assert.equal(checkTimeBar("cold", 31, 15, 2).ok, false);
  assert.equal(checkTimeBar("cold", 8, 15, 0.5).ok, false);
});
