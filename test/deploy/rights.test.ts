import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import * as z from "zod";
import { findManifest, type KubernetesManifest, renderKustomization } from "../support/deploy/kustomize.ts";

const Rule = z.strictObject({
  apiGroups: z.array(z.string()),
  resources: z.array(z.string()),
  resourceNames: z.optional(z.array(z.string())),
  verbs: z.array(z.string()),
});
const Binding = z.object({ roleRef: z.object({ kind: z.string(), name: z.string() }), subjects: z.array(z.unknown()) });

describe("The rights of deploy/base", () => {
  let objects: KubernetesManifest[] = [];
  before(async () => {
    objects = await renderKustomization("deploy/base");
  });

  const listRights = (kind: string, name: string) =>
    z
      .array(Rule)
      .parse(findManifest(objects, kind, name).rules)
      .map(formatRule);

  test("The ClusterRole reads no Secret or ConfigMap, and writes only statuses, Events and the finalizer of a GatewayClass", () => {
    assert.deepEqual(listRights("ClusterRole", "edgress"), [
      "get list watch networking.k8s.io/ingresses networking.k8s.io/ingressclasses",
      "get list watch extensions/ingresses",
      "get list watch services",
      `get list watch ${listGatewayResources("gatewayclasses gateways listenersets httproutes referencegrants backendtlspolicies")}`,
      `patch ${listGatewayResources("gatewayclasses/status gateways/status listenersets/status httproutes/status")}`,
      "patch gateway.networking.k8s.io/gatewayclasses",
      "get list watch apiextensions.k8s.io/customresourcedefinitions gatewayclasses.gateway.networking.k8s.io",
      "list watch namespaces",
      "patch networking.k8s.io/ingresses/status extensions/ingresses/status",
      "create events",
      "get namespaces kube-system",
    ]);
  });

  test("In its own namespace the controller writes one Lease and one ConfigMap, and reads another", () => {
    assert.deepEqual(listRights("Role", "edgress"), [
      "create coordination.k8s.io/leases",
      "get list watch update coordination.k8s.io/leases edgress",
      "create configmaps",
      "get list watch update configmaps edgress-blocked-deletion",
      "get list watch configmaps edgress-permits",
    ]);
  });

  test("The roles for namespace owners and approvers are not bound", () => {
    assert.deepEqual(listRights("ClusterRole", "edgress-reads-references"), ["get list watch secrets configmaps"]);
    assert.deepEqual(listRights("Role", "edgress-approve"), ["get patch configmaps edgress-blocked-deletion"]);
    const bindings = objects.filter(({ kind }) => kind.endsWith("Binding")).map((object) => Binding.parse(object));
    assert.deepEqual(
      bindings.map(({ roleRef: { kind, name }, subjects }) => ({ role: `${kind} ${name}`, subjects })),
      ["Role edgress", "ClusterRole edgress"].map((role) => ({
        role,
        subjects: [{ kind: "ServiceAccount", name: "edgress", namespace: "edgress" }],
      })),
    );
  });
});

/** A rule as one line: "get list networking.k8s.io/ingresses", the names that it is narrowed to last. */
function formatRule({ apiGroups, resources, resourceNames = [], verbs }: z.infer<typeof Rule>): string {
  const whole = apiGroups.flatMap((group) => resources.map((resource) => (group ? `${group}/${resource}` : resource)));
  return [...verbs, ...whole, ...resourceNames].join(" ");
}

function listGatewayResources(plurals: string): string {
  return plurals
    .split(" ")
    .map((plural) => `gateway.networking.k8s.io/${plural}`)
    .join(" ");
}
