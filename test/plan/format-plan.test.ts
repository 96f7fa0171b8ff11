import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { formatPlanMarkdown } from "../../sync/plan/format-markdown.ts";
import { formatPlan } from "../../sync/plan/format-plan.ts";
import type { Plan } from "../../sync/plan/plan.ts";

const EMPTY: Plan = {
  result: "would-change",
  fingerprint: { generation: 7, current: "", rules: "", objects: "" },
  hostCount: 1,
  hosts: [],
  objects: { "DNS record": { added: [], changed: [], removed: [] } },
  kv: { writes: 3, bytes: 2048, shareOfFreeDay: 0.003 },
  garbage: [],
  sources: {},
  closedRoutes: [],
  blockedRemovals: [],
  rollback: undefined,
  diagnostics: [],
  warnings: [],
};

function buildHost(host: string, ingress = "default/shop"): Plan["hosts"][number] {
  const fields = [{ field: "backend", before: "default/a:80", after: "default/b:80" }];
  return { change: "changed", host, fields: [], routes: [{ change: "changed", match: "prefix /", ingress, fields }] };
}

const HOSTILE = "default/x\u001b[31m\n```\n</details><script>@everyone [x](http://evil.example)\u202e";

describe("the formats of a plan", () => {
  test("Markdown has counts, a folded diff and the marker that finds it again", () => {
    const objects = { "DNS record": { added: ["edgress-1.example.com A 203.0.113.10"], changed: [], removed: [] } };
    const sources = { "default/shop": "shop.yaml:3" };
    assert.deepEqual(formatPlanMarkdown({ ...EMPTY, hosts: [buildHost("shop.example.com")], objects, sources }), [
      "<!-- edgress plan -->",
      "### edgress plan: changes",
      "",
      "|  | Added | Changed | Removed |",
      "| --- | --- | --- | --- |",
      "| Hosts | 0 | 1 | 0 |",
      "| Routes | 0 | 1 | 0 |",
      "| DNS records | 1 | 0 | 0 |",
      "",
      "KV: 3 writes, 2.0 KiB: 0.3 % of the Free plan's 1,000 writes a day. Generation 7 is active.",
      "",
      "<details><summary>Changes (4 lines)</summary>",
      "",
      "```diff",
      "! host shop.example.com",
      "!   prefix / of default/shop (shop.yaml:3)",
      "      backend: default/a:80 → default/b:80",
      "+ DNS record edgress-1.example.com A 203.0.113.10",
      "```",
      "",
      "</details>",
      "",
    ]);
  });

  test("Hostile names cannot leave the code block, end a line or print an escape sequence", () => {
    const plan = { ...EMPTY, hosts: [buildHost("shop.example.com", HOSTILE)], warnings: [HOSTILE] };
    const markdown = formatPlanMarkdown(plan).join("\n").split("\n");
    const fences = markdown.filter((line) => /^`{3,}/.test(line));
    assert.deepEqual(fences, ["````", "````", "````diff", "````"]);
    assert.equal(markdown.filter((line) => line.startsWith("</details>")).length, 2);
    for (const lines of [markdown, formatPlan(plan).join("\n").split("\n")]) {
      assert.doesNotMatch(lines.join(""), /[\u001b\u202e]/);
      assert.equal(lines.filter((line) => line.includes("@everyone") && !line.includes("default/x")).length, 0);
    }
  });

  test("10,000 changes fit a comment of GitHub, and the others are counted", () => {
    const hosts = Array.from({ length: 10_000 }, (_, index) => buildHost(`host-${index}.example.com`));
    const diagnostics = Array.from({ length: 5000 }, () => ({
      reason: "InvalidPath" as const,
      object: "Ingress default/shop",
      source: "shop.yaml:3",
      field: "spec.rules",
      problem: "path is invalid",
      remedy: "correct it",
    }));
    const markdown = formatPlanMarkdown({ ...EMPTY, hosts, diagnostics }).join("\n");
    assert.ok(markdown.length < 65_536, `it has ${markdown.length} characters`);
    assert.match(markdown, /\n… and \d{5} more lines\n/);
    assert.match(markdown, /\| Hosts \| 0 \| 10000 \| 0 \|/);
    const text = formatPlan({ ...EMPTY, hosts });
    assert.equal(text.length, 204);
    assert.equal(text[200], "… and 29800 more lines; see --json");
  });
});

test("A plan counts what the publication removes from KV, and what waits", () => {
  const collection = { removedGenerations: 1, removedBlobs: 3, waitingBlobs: 12 };
  const lines = formatPlan({ ...EMPTY, kv: { ...EMPTY.kv, collection } });
  assert.ok(
    lines.includes("  old generations: 1 generation and 3 blobs removed; 12 blobs to remove after 24 h"),
    lines.join("\n"),
  );
});
