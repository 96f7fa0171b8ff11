import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { explain } from "../../sync/explain/explain.ts";
import { buildAnnotation } from "../support/cli/explain.ts";
import { buildIngressManifest, buildServiceManifest } from "../support/manifests.ts";
import { sendRequest } from "../support/worker/http-requests.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

const RUNS = 50;

describe("explain and the edge", () => {
  let edge: WorkerHarness;
  const seen: string[] = [];

  before(async () => {
    edge = await startWorkerHarness();
    for (const address of ["203.0.113.1:80", "203.0.113.2:80"]) {
      await edge.startOrigin(address, (request, response) => {
        seen.push(`http://${request.headers.host}${request.url}`);
        response.end();
      });
    }
  });

  after(() => edge.close());

  const segment = fc.constantFrom("a", "b", "ab", "A", "a%20b", "a.b", "(.*)", "[a-b]+", "é");
  const path = fc.array(segment, { maxLength: 3 }).map((segments) => `/${segments.join("/")}`);
  const host = fc.constantFrom("a.example.com", "b.example.com", "*.example.com", undefined);
  const annotations = fc.constantFrom<Record<string, string>>(
    {},
    {},
    buildAnnotation("rewrite-target", "/new/$1"),
    buildAnnotation("rewrite-target", "/{bad}"),
    buildAnnotation("use-regex", "true"),
    buildAnnotation("force-ssl-redirect", "true"),
    buildAnnotation("app-root", "/app"),
    { "ingress.kubernetes.io/rewrite-target": "/old" },
  );
  const backend = fc.constantFrom("one", "two", "missing");
  const ingresses = fc
    .array(fc.tuple(host, fc.dictionary(path, backend, { minKeys: 1, maxKeys: 3 }), annotations), {
      minLength: 1,
      maxLength: 3,
    })
    .map((all) => all.map(([of, paths, notes], index) => buildIngressManifest(`i${index}`, of, paths, notes)));
  const asked = fc.tuple(
    fc.constantFrom("a.example.com", "B.example.com:80", "c.example.com", "a.b.example.com", "192.0.2.1"),
    fc
      .array(fc.constantFrom("a", "b", "ab", "A", "a%20b", "a.b", "..", ".", "%2e%2e", "", "%zz", "x%5Cy", "new"), {
        maxLength: 4,
      })
      .map((segments) => `/${segments.join("/")}`),
    fc.constantFrom("", "?q=1", "?"),
  );

  test("Explain and the edge agree on status, route, backend, Location and origin URL of every request", async () => {
    let number = 0;
    await fc.assert(
      fc.asyncProperty(ingresses, fc.array(asked, { minLength: 3, maxLength: 6 }), async (objects, requests) => {
        const services = [buildServiceManifest("one", ["203.0.113.1"]), buildServiceManifest("two", ["203.0.113.2"])];
        const { rules } = await edge.publish([...objects, ...services]);
        for (const [name, target, query] of requests) {
          const url = `http://${name}${target}${query}`;
          const expected = await explain(rules, { url, method: "GET", headers: [] });
          const id = `property-${++number}`;
          seen.length = 0;
          const answered = await sendRequest(edge, url, { headers: { "X-Request-ID": id } });
          const line = await edge.waitForAccessLine(id);
          assert.deepEqual(
            {
              status: answered.status,
              outcome: line.outcome,
              route: line.route,
              backend: line.backend,
              location: answered.headers.location,
              asked: seen,
            },
            {
              status: expected.status === "from-origin" ? 200 : expected.status,
              outcome: expected.outcome,
              route: expected.route?.id,
              backend: expected.route?.backend,
              location: expected.location,
              asked: expected.origin ? [new URL(expected.origin.url).href] : [],
            },
            url,
          );
        }
      }),
      { numRuns: RUNS },
    );
  });
});
