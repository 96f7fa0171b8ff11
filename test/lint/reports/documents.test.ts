import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { formatHtml } from "../../../sync/lint/reports/html.ts";
import { formatMarkdown } from "../../../sync/lint/reports/markdown.ts";
import { buildSampleReport, CLOSED, UNCHANGED } from "../../support/cli/lint-report.ts";

const MARKDOWN = `# Migration to edgress

2 Ingresses, 2 hosts.

| Verdict | Hosts | Ingresses |
| --- | --- | --- |
| can move now | 1 | 1 |
| after one change | 1 | 1 |
| after more changes | 0 | 0 |
| cannot move | 0 | 0 |

| Cause | Rule | Hosts | Objects | Remedy |
| --- | --- | --- | --- | --- |
| server-snippet: closes its paths | RouteFailedClosed server-snippet | 1 | 1 | use annotations |

Do first: use annotations (server-snippet). It blocks 1 host; 1 host can move after it.

Findings: 1 error, 0 unsupported, 0 different, 0 notes, 1 unchanged.

Skipped classes: traefik (2).

## Hosts

| Host | Verdict | Ingresses | Causes |
| --- | --- | --- | --- |
| blog.example.com | now | default/blog |  |
| shop.example.com | after 1 change | default/shop | server-snippet |

## Findings

<details>
<summary>error: server-snippet: closes its paths (RouteFailedClosed server-snippet), 1 finding</summary>

Do: use annotations

| Object | Place | Source | Finding | Responses |
| --- | --- | --- | --- | --- |
| Ingress default/shop | server-snippet | a folder/shop.yaml:12 | unsupported \\| &#60;"&#38;&#62;\\\\u0001 \\*text\\* | http://shop.example.com/ → 200 in ingress-nginx, 503 in edgress |

</details>

<details>
<summary>unchanged: Paths and annotations as in ingress-nginx (full-support), 1 finding</summary>

| Object | Place | Source | Finding | Responses |
| --- | --- | --- | --- | --- |
| Ingress default/blog | spec.rules | b.yaml:1 | 1 path: as in ingress-nginx |  |

</details>

## Not checked

The manifests do not contain these objects. They are assumed to exist.

| Kind | Name |
| --- | --- |
| Secret | default/staff |
`;

describe("documents of lint", () => {
  test("The Markdown report has the summary, the hosts and every finding", () => {
    assert.equal(formatMarkdown(buildSampleReport([CLOSED, UNCHANGED])).join("\n"), MARKDOWN);
  });

  test("The HTML report has the same parts, and escapes the texts of manifests", () => {
    const lines = formatHtml(buildSampleReport([CLOSED, UNCHANGED]));
    assert.deepEqual(lines.slice(0, 3), [
      "<!doctype html>",
      '<html lang="en">',
      '<head><meta charset="utf-8"><title>Migration to edgress</title>',
    ]);
    for (const line of [
      "<p>2 Ingresses, 2 hosts.</p>",
      "<tr><td>after one change</td><td>1</td><td>1</td></tr>",
      "<tr><td>shop.example.com</td><td>after 1 change</td><td>default/shop</td><td>server-snippet</td></tr>",
      "<summary>error: server-snippet: closes its paths (RouteFailedClosed server-snippet), 1 finding</summary>",
      "<tr><td>Ingress default/shop</td><td>server-snippet</td><td>a folder/shop.yaml:12</td><td>unsupported | &#60;&#34;&#38;&#62;\\u0001 *text*</td><td>http://shop.example.com/ → 200 in ingress-nginx, 503 in edgress</td></tr>",
      "<tr><td>Secret</td><td>default/staff</td></tr>",
    ])
      assert.ok(lines.includes(line), line);
    assert.doesNotMatch(lines.join("\n"), /<script|http-equiv|src=/);
  });
});
