import assert from "node:assert/strict";
import fc from "fast-check";
import type { RawObject } from "../../../sync/collect/parse-objects.ts";
import { parsePermits } from "../../../sync/permits/parse.ts";
import { toPrintableText } from "../../../sync/runtime/printable-text.ts";
import { buildRoute, forwardTo, SHARED, PERMITS as TENANT_PERMITS_TEXT } from "../../attacks/tenant-routes.ts";
import { FAST_OPTIONS } from "../../compile/compile-objects.ts";
import { readFixtures } from "../../support/fixture.ts";
import { assertOneLine } from "../assert-refusal.ts";
import { compileChecked } from "../compiled-cluster.ts";
import { assertFast } from "../cpu-time.ts";
import { gatewayObjects } from "../inputs/gateway-objects.ts";
import { hostileValue, jsonMutation, mutate, textMutation } from "../inputs/mutations.ts";
import { defineProperty, startWithoutServer } from "../target.ts";

// API objects as a user, a broken client or a newer API server may write them, from parsing to the rules.

const MAX_COMPILE_MS = 1500;
const fixtures = readFixtures().map(({ title, objects, options }) => ({ title, objects, options }));
const allObjects = fixtures.flatMap(({ objects }) => objects.map(({ object }) => object));
const PERMITS = `
claims:
  - { namespaces: [alice, team-*], hosts: [a.example.com, "*.a.example.com"], paths: [/shop] }
limits: [{ namespaces: ["*"], maxRoutes: 100, maxBytes: 1000 }]
origins: [{ namespaces: [bob], addresses: [203.0.113.10, 203.0.113.0/24, "*.elb.example.org"] }]
references: [{ from: [alice], to: [bob/one] }]
`;

/** The objects of a fixture, of which some are changed. */
const changedCluster = fc
  .tuple(fc.constantFrom(...fixtures), fc.array(fc.tuple(fc.nat(), jsonMutation), { minLength: 1, maxLength: 4 }))
  .map(([{ title, objects, options }, changes]) => ({
    title,
    options,
    objects: changes.reduce<readonly RawObject[]>((current, [choice, change]) => {
      const index = choice % current.length;
      const entry = current[index];
      return entry ? current.with(index, { ...entry, object: change(entry.object) }) : current;
    }, objects),
  }));

const KINDS = ["Ingress", "IngressClass", "Service", "Secret", "ConfigMap", "ReferenceGrant", "Namespace", "List"];
const API_VERSIONS = [
  ...["networking.k8s.io/v1", "networking.k8s.io/v1beta1", "extensions/v1beta1", "v1", "networking.k8s.io/v2", "/", ""],
  ...["gateway.networking.k8s.io/v1", "gateway.networking.k8s.io/v1beta1", "apps/v1"],
];
/** An object of one kind with the content of another, or with any content. */
const mixedObject = fc
  .tuple(
    fc.constantFrom(...KINDS),
    fc.constantFrom(...API_VERSIONS),
    fc.oneof(mutate(fc.constantFrom(...allObjects), jsonMutation), hostileValue),
    fc.constantFrom<object>({}, { items: [{}, null, 7, []] }, { items: {} }, { metadata: { name: "a" } }),
  )
  .map(([kind, apiVersion, object, fields]): unknown =>
    typeof object === "object" && object !== null ? { ...object, kind, apiVersion, ...fields } : object,
  );

function checkCluster({ objects, options }: { objects: readonly RawObject[]; options: object }): void {
  assertFast(
    "compiling a cluster",
    () => compileChecked(objects, { ...FAST_OPTIONS, ...options, regexVerdicts: FAST_OPTIONS.regexVerdicts }),
    MAX_COMPILE_MS,
  );
}

const TENANT_PERMITS = parsePermits(TENANT_PERMITS_TEXT);
const tenantObjects = [
  ...SHARED,
  buildRoute("alice/front", ["a.example.com"], [forwardTo("app")]),
  buildRoute("alice/wild", ["*.a.example.com"], [forwardTo("app")]),
].map((object) => ({ object, source: "shared.yaml:1" }));

function compileTenants(objects: readonly unknown[]) {
  assert.ok(TENANT_PERMITS.ok);
  const all = [...tenantObjects, ...objects.map((object) => ({ object, source: "in.yaml:1" }))];
  const { rules, diagnostics } = compileChecked(all, { ...FAST_OPTIONS, permits: TENANT_PERMITS.value });
  return { hosts: rules.hosts.filter(({ host }) => /(?:^|\.)a\.example\.com$/.test(host)), diagnostics };
}

/** No object of bob changes a host of alice, or is an object of alice's in a diagnostic. */
function checkTenants(objects: readonly unknown[]): void {
  const { hosts, diagnostics } = compileTenants(objects);
  assert.deepEqual(hosts, compileTenants([]).hosts);
  assert.deepEqual(
    diagnostics.filter(({ object }) => /^\w+ alice\//.test(object)),
    [],
  );
}

function checkPermits(text: string): void {
  const result = parsePermits(text);
  if (!result.ok) assertOneLine(toPrintableText(result.problem)); // as the command prints it;
}

export const startTarget = () =>
  startWithoutServer([
    defineProperty("changed", changedCluster, checkCluster),
    defineProperty("mixed", fc.array(mixedObject, { maxLength: 5 }), (objects) =>
      checkCluster({ objects: objects.map((object) => ({ object, source: "in.yaml:1" })), options: {} }),
    ),
    defineProperty("gateway", gatewayObjects, checkTenants),
    defineProperty("permits", mutate(fc.constant(PERMITS), textMutation), checkPermits),
  ]);
