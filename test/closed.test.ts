import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Edge, ingress, service, startEdge } from "./support/edge.ts";

const PREFIX = "nginx.ingress.kubernetes.io/";

let edge: Edge;

before(async () => {
  edge = await startEdge();
});

after(() => edge.close());

for (const [annotation, value, because] of [
  ["configuration-snippet", "return 200;", "configuration-snippet: it cannot be had at the edge"],
  ["server-snippet", "return 200;", "server-snippet: it cannot be had at the edge, and is meant for the whole host"],
  ["enable-modsecurity", "yes", `${PREFIX}enable-modsecurity cannot be read`],
] as const) {
  test(`the access line of a 503 says that it is for ${annotation}: ${value}`, async () => {
    const id = annotation.replaceAll("-", ""); // the body names the id, and must not name the annotation
    const annotations = { [PREFIX + annotation]: value };
    await edge.publish([ingress("shop", undefined, { "/": "shop" }, annotations), service("shop", ["203.0.113.10"])]);
    const response = await fetch(edge.stack.http, { headers: { "X-Request-ID": id } });
    assert.equal(response.status, 503);
    assert.ok(!(await response.text()).includes(annotation), "a client need not know");
    const line = await edge.accessLine(id);
    assert.deepEqual([line.outcome, line.because], ["closed", because]);
  });
}
