import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  buildIngressManifest,
  buildServiceManifest,
  startWorkerHarness,
  type WorkerHarness,
} from "../support/worker-harness.ts";

const PREFIX = "nginx.ingress.kubernetes.io/";

let edge: WorkerHarness;

before(async () => {
  edge = await startWorkerHarness();
});

after(() => edge.close());

for (const [annotation, value, reason] of [
  ["configuration-snippet", "return 200;", "configuration-snippet: unsupported annotation"],
  ["server-snippet", "return 200;", "server-snippet: unsupported annotation of the whole host"],
  ["enable-modsecurity", "yes", `${PREFIX}enable-modsecurity is invalid`],
] as const) {
  test(`the access line of a 503 says that it is for ${annotation}: ${value}`, async () => {
    const id = annotation.replaceAll("-", ""); // the body names the id, and must not name the annotation
    const annotations = { [PREFIX + annotation]: value };
    await edge.publish([
      buildIngressManifest("shop", undefined, { "/": "shop" }, annotations),
      buildServiceManifest("shop", ["203.0.113.10"]),
    ]);
    const response = await fetch(edge.stack.http, { headers: { "X-Request-ID": id } });
    assert.equal(response.status, 503);
    assert.ok(!(await response.text()).includes(annotation), "a client need not know");
    const line = await edge.waitForAccessLine(id);
    assert.deepEqual([line.outcome, line.reason], ["failed-closed", reason]);
  });
}
