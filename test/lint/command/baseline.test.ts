import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { buildIngressList, type IngressInput, NGINX } from "../../support/cli/lint.ts";
import { lintToJson, runWithInput, withFolder } from "../../support/cli/lint-command.ts";

const closing: IngressInput = { annotations: { [`${NGINX}server-snippet`]: "return 200;" } };
const ported: IngressInput = { name: "ported", paths: [["/api", "Prefix"]], port: 9000 };
const write = (...ingresses: readonly IngressInput[]) => JSON.stringify(buildIngressList(ingresses));

describe("the baseline of edgress lint", () => {
  test("edgress lint --write-baseline writes rule, object and place of each failing finding, and exits with 0", async () => {
    await withFolder({}, async (folder) => {
      const path = join(folder, "baseline.json");
      const { code } = await runWithInput(["lint", "-", "--write-baseline", path], write(closing, ported));
      assert.equal(code, 0);
      assert.deepEqual(JSON.parse(await readFile(path, "utf8")), {
        version: 1,
        findings: [
          { rule: "PortNotProxied", object: "Ingress default/ported", place: "shop.example.com/api" },
          { rule: "RouteFailedClosed", object: "Ingress default/ported", place: "spec.rules" },
          { rule: "RouteFailedClosed", object: "Ingress default/shop", place: "server-snippet" },
          { rule: "snippet", object: "Ingress default/shop", place: "server-snippet" },
        ],
      });
    });
  });

  test("Known findings do not fail the check, and a new one does", async () => {
    await withFolder({}, async (folder) => {
      const path = join(folder, "baseline.json");
      await runWithInput(["lint", "-", "--write-baseline", path], write(closing));
      const known = await lintToJson(["-", "--baseline", path], write(closing));
      assert.deepEqual([known.code, known.report.findings[0]?.isKnown], [0, true]);
      // Another path before it does not change the place of a known finding.
      const moved = {
        ...closing,
        paths: [
          ["/first", "Prefix"],
          ["/", "Prefix"],
        ] as const,
      };
      assert.equal((await lintToJson(["-", "--baseline", path], write(moved))).code, 0);
      assert.equal((await lintToJson(["-", "--baseline", path], write(closing, ported))).code, 1);
    });
  });

  test("The summary counts known findings, and those that no longer exist", async () => {
    await withFolder({}, async (folder) => {
      const path = join(folder, "baseline.json");
      await runWithInput(["lint", "-", "--write-baseline", path], write(closing, ported));
      const { out } = await runWithInput(["lint", "-", "--summary", "--baseline", path], write(closing));
      assert.match(out, /\nBaseline: 2 known findings\n/);
      assert.match(out, /\nBaseline: 2 findings no longer found; write it again\n/);
      assert.match(out, /\nFindings: 0 errors, 0 unsupported, 0 different, 0 notes, 0 unchanged\n/);
    });
  });

  test("edgress lint exits with 2 for a file that is no baseline", async () => {
    await withFolder({ "baseline.json": "[]" }, async (folder) => {
      const { code, error } = await runWithInput(
        ["lint", "-", "--baseline", join(folder, "baseline.json")],
        write(closing),
      );
      assert.equal(code, 2);
      assert.match(error, /^edgress: baseline is invalid: .*baseline\.json: expected a file of --write-baseline: /);
    });
  });
});
