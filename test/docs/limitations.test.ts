import assert from "node:assert/strict";
import { METHODS } from "node:http";
import { after, describe, test } from "node:test";
import { PROXIED_PORTS } from "../../src/rules/proxied-ports.ts";
import type { Reason } from "../../sync/compile/diagnostic-reasons.ts";
import { linksIn, readText } from "../support/docs/markdown.ts";
import { buildIngressManifest, buildServiceManifest } from "../support/manifests.ts";
import { sendRequest } from "../support/worker/http-requests.ts";
import { startWorkerHarness } from "../support/worker/worker-harness.ts";

const document = { path: "docs/limitations.md", text: readText("docs/limitations.md") };

/** The reasons that name a limit of the edge, not a mistake or a missing object. */
const LIMITS: readonly Reason[] = [
  "UnsafeRegex",
  "RegexLimitExceeded",
  "RouteQuotaExceeded",
  "NamespaceSizeExceeded",
  "UnsupportedBackend",
  "IngressTooLarge",
  "TooManyAddresses",
  "NoExternalAddress",
  "OriginNotPermitted",
  "DNSRecordQuotaExceeded",
  "PortNotProxied",
  "UnreachableChallenge",
  "PortVisibleInHost",
  "HostNotInZone",
  "PartiallySupported",
  "RouteFailedClosed",
  "UnsupportedAnnotation",
  "CanaryIgnored",
];

describe("The limitations", () => {
  test("They name every method that ends before the Worker, and TRACE", async () => {
    const edge = await startWorkerHarness({ echoOrigins: true });
    after(() => edge.close());
    await edge.publish([
      buildIngressManifest("shop", "shop.example.com", { "/": "web" }),
      buildServiceManifest("web", ["203.0.113.10"]),
    ]);
    const methods = METHODS.filter((method) => method !== "CONNECT"); // it asks for a tunnel
    const statuses = await Promise.all(
      methods.map(async (method) => {
        const { status } = await sendRequest(edge, "http://shop.example.com/", { method });
        return { method, status };
      }),
    );
    const rejectedMethods = Map.groupBy(statuses, ({ status }) => status);
    assert.deepEqual(
      rejectedMethods.get(501)?.map(({ method }) => method),
      readMethods(501),
    );
    assert.deepEqual(
      rejectedMethods.get(405)?.map(({ method }) => method),
      readMethods(405),
    );
    assert.deepEqual([...rejectedMethods.keys()].toSorted(), [200, 405, 501]);
  });

  test("They name every port that Cloudflare proxies, and the number of Services of an address", () => {
    const { http, https } = PROXIED_PORTS;
    assert.ok(document.text.includes(`| \`http\` | ${http.join(", ")} |`));
    assert.ok(document.text.includes(`| ${https.join(", ")} |`));
    assert.deepEqual([http.length, https.length], [7, 6]);
    assert.match(document.text, /up to 13 Services/);
  });

  test("They link every diagnostic that names a limit", () => {
    const anchors = new Set(linksIn(document).map(({ anchor }) => anchor));
    assert.deepEqual(
      LIMITS.filter((reason) => !anchors.has(reason.toLowerCase())),
      [],
    );
  });
});

/** Reads the methods of a status in the table of methods. */
function readMethods(status: number): string[] {
  const [, methods = ""] = new RegExp(`^\\| ((?:\`[A-Z-]+\`(?:, )?)+) \\| ${status}`, "m").exec(document.text) ?? [];
  return methods.split(", ").map((method) => method.replaceAll("`", ""));
}
