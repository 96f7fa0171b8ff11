import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseCluster } from "../../sync/collect/parse-objects.ts";
import { compile } from "../../sync/compile/compile.ts";
import type { Reason } from "../../sync/compile/diagnostic-reasons.ts";
import { OPTIONS } from "../support/fixture.ts";
import { buildIngressManifest, buildServiceManifest, withNginxPrefix } from "../support/manifests.ts";
import { buildDiagnosticMessages } from "../support/report/sample-events.ts";

const HOST = "shared.example.com";

/** Returns the message of the only Event of alice's Ingress with this reason. */
function findAliceMessage(reason: Reason, aliceAnnotations: object, bobAnnotations: object): string {
  const buildTenant = (namespace: string, name: string, created: string, annotations: object) => {
    const ingress = buildIngressManifest(name, HOST, { "/": "web" }, withNginxPrefix({ ...annotations }));
    const service = buildServiceManifest("web", ["203.0.113.10"]);
    return [
      { ...ingress, metadata: { ...ingress.metadata, namespace, creationTimestamp: created } },
      { ...service, metadata: { ...service.metadata, namespace } },
    ];
  };
  const objects = [
    ...buildTenant("bob", "private-name", "2024-01-01T00:00:00Z", bobAnnotations),
    ...buildTenant("alice", "shop", "2024-02-01T00:00:00Z", aliceAnnotations),
  ];
  const cluster = parseCluster(objects.map((object) => ({ object, source: "in.yaml:1" })));
  const { diagnostics } = compile(cluster, { ...OPTIONS, zones: ["example.com"], watchIngressWithoutClass: true });
  const messages = buildDiagnosticMessages(diagnostics).filter(
    (message) => message.reason === reason && message.involvedObject.namespace === "alice",
  );
  assert.equal(messages.length, 1);
  assert.ok(diagnostics.some(({ problem }) => problem.includes("bob/private-name"))); // for the log
  return messages[0]?.message ?? "";
}

describe("the Events of a tenant", () => {
  test("A path conflict cannot show the name of an Ingress in another namespace", () => {
    const message = findAliceMessage("PathConflict", {}, {});
    assert.match(message, /already belongs to an Ingress of another namespace;/);
    assert.doesNotMatch(message, /bob|private-name/);
  });

  test("An ignored canary cannot show the name of a primary in another namespace", () => {
    const message = findAliceMessage("CanaryIgnored", { canary: "true", "canary-weight": "10" }, {});
    assert.match(message, /belongs to an Ingress in another namespace/);
    assert.doesNotMatch(message, /bob|private-name/);
  });

  test("A closed host cannot show the name of the Ingress in another namespace, or why it closes the host", () => {
    const message = findAliceMessage("RouteFailedClosed", {}, { "server-snippet": "secret words" });
    assert.match(message, /an Ingress of another namespace closes the whole host shared\.example\.com;/);
    assert.doesNotMatch(message, /bob|private-name|snippet/);
  });
});
