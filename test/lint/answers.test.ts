import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Rules } from "../../src/rules/snapshot.ts";
import { parseCluster } from "../../sync/collect/parse-objects.ts";
import { compile } from "../../sync/compile/compile.ts";
import type { Options } from "../../sync/compile/options.ts";
import { explain } from "../../sync/explain/explain.ts";
import { createMatcher } from "../../sync/library/match.ts";
import type { Finding } from "../../sync/lint/findings/finding.ts";
import { lint } from "../../sync/lint/lint.ts";
import { DEFAULT_PERMITS } from "../../sync/permits/model.ts";
import { objects } from "../support/arbitraries.ts";
import { LINEAR, OPTIONS, ZONES } from "../support/fixture.ts";

const decrypt = async () => "";
const options: Options = {
  ...OPTIONS,
  zones: ZONES,
  permits: DEFAULT_PERMITS,
  regexVerdicts: { get: () => LINEAR }, // no generated regex is slow
};
/** A client of the internet. */
const headers = [["CF-Connecting-IP", "198.51.100.1"]] as const;

test("The response that lint states for a URL is the one of explain and of the matcher, for any cluster", async () => {
  let urls = 0;
  await fc.assert(
    fc.asyncProperty(objects, async (manifests) => {
      const cluster = parseCluster(manifests.map((object) => ({ object, source: "all.yaml:1" })));
      const { rules } = compile(cluster, options);
      const findings = await lint(cluster, options, decrypt);
      for (const { url, edgress, rule } of findings) {
        if (url === undefined || edgress === undefined || rule === "PortVisibleInHost") continue;
        urls += 1;
        await assertResponse(rules, url, edgress);
      }
    }),
    { numRuns: 300 },
  );
  assert.ok(urls > 100, `${urls} URLs`);
});

async function assertResponse(rules: Rules, url: string, edgress: string): Promise<void> {
  const { status, route, location } = await explain(rules, { url, method: "GET", headers }, decrypt);
  const [answer, rest] = edgress.split(" ");
  assert.equal(answer, status === "from-origin" ? route?.backend : String(status), url);
  if (location !== undefined) assert.equal(hideRequestId(rest), hideRequestId(location));
  const { host, pathname } = new URL(url);
  if (status === "from-origin") assert.equal(createMatcher(rules.hosts)(host, pathname)?.route.id, route?.id, url);
}

/** Each response has its own id, and a redirect may contain it. */
function hideRequestId(text: string | undefined): string | undefined {
  return text?.replaceAll(/[0-9a-f]{32}/g, "$request_id");
}

test("A URL of lint is one that a client can send, for any cluster", async () => {
  await fc.assert(
    fc.asyncProperty(objects, async (manifests) => {
      const cluster = parseCluster(manifests.map((object) => ({ object, source: "all.yaml:1" })));
      const findings = await lint(cluster, options, decrypt);
      const urls = findings.flatMap(({ url }: Finding) => url ?? []);
      assert.deepEqual(
        urls.filter((url) => !/^https?:\/\/[a-z0-9._-]+\/[!-;=?-~]*$/.test(url) || !URL.canParse(url)),
        [],
      );
    }),
    { numRuns: 300 },
  );
});
