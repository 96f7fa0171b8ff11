import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCluster } from "../../sync/collect/parse-objects.ts";
import type { CloudflarePlan } from "../../sync/lint/knowledge/cloudflare-limits.ts";
import { lint } from "../../sync/lint/lint.ts";
import { buildIngressList, lintIngresses, NGINX, rejectDecryption } from "../support/cli/lint.ts";
import { OPTIONS } from "../support/fixture.ts";

async function listDifferences(name: string, text: string, plan?: CloudflarePlan): Promise<string[]> {
  const { items } = buildIngressList([{ annotations: { [NGINX + name]: text } }]);
  const cluster = parseCluster(items.map((object) => ({ object, source: "shop.yaml:1" })));
  const findings = await lint(cluster, { ...OPTIONS, zones: ["."] }, rejectDecryption, plan);
  return findings.filter(({ rule }) => rule === "partial-support").map(({ kind, message }) => `${kind} ${message}`);
}

const limitOf = (plan: string, megabytes: number) =>
  `different Cloudflare rejects bodies above ${megabytes} MB with 413 (plan ${plan}). Upload in parts, or use a plan with more: business has 200 MB, enterprise 500 MB. --plan sets the plan`;

const cases: readonly (readonly [name: string, text: string, plan: CloudflarePlan | undefined, expected: string[]])[] =
  [
    ["proxy-body-size", "20m", undefined, []],
    ["proxy-body-size", "100m", undefined, []],
    ["proxy-body-size", "101m", undefined, [limitOf("free", 100)]],
    ["proxy-body-size", "0", undefined, [limitOf("free", 100)]],
    ["proxy-body-size", "4G", "business", [limitOf("business", 200)]],
    ["proxy-body-size", "200m", "business", []],
    ["proxy-body-size", "10000m", "enterprise", [limitOf("enterprise", 500)]],
    ["proxy-body-size", "500m", "enterprise", []],
    ["proxy-read-timeout", "120", undefined, []],
    [
      "proxy-read-timeout",
      "3600",
      undefined,
      [
        "different Cloudflare returns 524 if the origin sends nothing for 120 s, and closes connections that are idle for 400 s. Send a ping on WebSockets more often than every 120 s. Enterprise plans can raise the first limit",
      ],
    ],
    ["proxy-send-timeout", "30", undefined, []],
    [
      "proxy-send-timeout",
      "600",
      undefined,
      ["different Cloudflare aborts an upload if the origin does not read it for 30 s"],
    ],
    ["proxy-connect-timeout", "19", undefined, []],
    ["proxy-connect-timeout", "5", undefined, ["different 5 s is ignored: Cloudflare aborts after 19 s"]],
    ["backend-protocol", "HTTP", undefined, []],
    ["backend-protocol", "GRPC", undefined, []],
  ];

for (const [name, text, plan, expected] of cases) {
  test(`Lint reports what ${name}: ${text} loses with the plan ${plan ?? "by default"}`, async () => {
    assert.deepEqual(await listDifferences(name, text, plan), expected);
  });
}

test("Lint reports that ingress-nginx serves gRPC, and how to keep it", async () => {
  const findings = await lintIngresses([{ annotations: { [`${NGINX}backend-protocol`]: "GRPC" } }]);
  const [finding] = findings.filter(({ rule }) => rule === "RouteFailedClosed");
  assert.partialDeepStrictEqual(finding, { nginx: "served, with GRPC", edgress: "503" });
  assert.match(
    `${finding?.message}; ${finding?.remedy}`,
    /^unsupported protocol: GRPC; serve the path with HTTP or gRPC-Web, or keep its host on ingress-nginx with a DNS record that is not proxied;/,
  );
});
