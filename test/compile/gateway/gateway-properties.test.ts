import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { GatewayObjects } from "../../../sync/collect/gateway/gateway-model.ts";
import { createGatewayCache } from "../../../sync/compile/gateway/gateway-cache.ts";
import { readGateways } from "../../../sync/compile/gateway/read-gateways.ts";
import {
  gateway,
  gatewayClass,
  httpRoute,
  httpsListener,
  listener,
  listenerSet,
  OPTIONS,
  parentReference,
  readStatuses,
  sources,
} from "./gateway-objects.ts";

const hostname = fc.constantFrom(undefined, "", "a.example.com", "*.example.com", "*.a.example.com", "192.0.2.1");
const namespace = fc.constantFrom("infra", "team");
const created = fc.constantFrom(undefined, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
const scope = fc.constantFrom({ from: "All" }, { from: "Same" }, { from: "None" }) as fc.Arbitrary<
  ReturnType<typeof gateway>["allowedListenerSets"]
>;

const anyListener = fc
  .record({
    hostname,
    port: fc.constantFrom(80, 443, 8080),
    protocol: fc.constantFrom("HTTP", "HTTPS", "TCP"),
    allowedNamespaces: scope,
    tls: fc.constantFrom(undefined, httpsListener().tls),
  })
  .map(listener);

/** Lists of listeners whose names are unique, as the API server requires. */
const listeners = fc
  .array(anyListener, { minLength: 1, maxLength: 4 })
  .map((all) => all.map((fields, index) => ({ ...fields, name: `l${index}` })));

const anyGateway = fc
  .record({
    name: fc.constantFrom("web", "other"),
    className: fc.constantFrom("edge", "edge", "edge", "foreign"),
    listeners,
    allowedListenerSets: scope,
  })
  .map(gateway);

const anySet = fc
  .record({ name: fc.constantFrom("a", "b", "c"), namespace, created, listeners })
  .map(({ name, ...fields }) => listenerSet(name, fields));

const anyReference = fc
  .record({
    kind: fc.constantFrom("Gateway", "ListenerSet", "Service"),
    name: fc.constantFrom("web", "other", "a", "absent"),
    namespace: fc.constantFrom(undefined, "infra", "team"),
    sectionName: fc.constantFrom(undefined, undefined, "l0", "l1"),
    port: fc.constantFrom(undefined, undefined, 80, 8080),
  })
  .map(parentReference);

const anyRoute = fc
  .record({
    name: fc.constantFrom("a", "b", "c", "d"),
    namespace,
    created,
    hostnames: fc.array(fc.constantFrom("a.example.com", "*.example.com", "x.a.example.com", "b.org"), {
      maxLength: 3,
    }),
    parentRefs: fc.array(anyReference, { minLength: 1, maxLength: 4 }),
  })
  .map(httpRoute);

function unique<T extends { readonly namespace: string; readonly name: string }>(arbitrary: fc.Arbitrary<T>) {
  return fc.uniqueArray(arbitrary, { selector: ({ namespace, name }) => `${namespace}/${name}`, maxLength: 5 });
}

const objects: fc.Arbitrary<Partial<GatewayObjects>> = fc.record({
  gatewayClasses: fc.constant([gatewayClass(), gatewayClass({ name: "foreign", controllerName: "example.com/other" })]),
  gateways: unique(anyGateway),
  listenerSets: unique(anySet),
  httpRoutes: unique(anyRoute),
});

const shuffled = objects.chain((all) =>
  fc.tuple(
    fc.constant(all),
    fc.record({
      gatewayClasses: shuffle(all.gatewayClasses),
      gateways: shuffle(all.gateways),
      listenerSets: shuffle(all.listenerSets),
      httpRoutes: shuffle(all.httpRoutes),
    }),
  ),
);

function shuffle<T>(list: readonly T[] = []): fc.Arbitrary<T[]> {
  return fc.shuffledSubarray([...list], { minLength: list.length });
}

test("The order of Gateway API objects changes neither the served listeners nor the statuses", () => {
  fc.assert(
    fc.property(shuffled, ([all, other]) => {
      const [first, second] = [readGateways(sources(all), OPTIONS), readGateways(sources(other), OPTIONS)];
      assert.deepEqual(second, first);
      assert.deepEqual(readStatuses(sources(other)), readStatuses(sources(all)));
    }),
  );
});

test("Each listener of ours, and each parent of a route, gets exactly one status", () => {
  fc.assert(
    fc.property(objects, (all) => {
      const statuses = readStatuses(sources(all));
      const ours = (all.gateways ?? []).filter(({ className }) => className === "edge");
      const sets = (all.listenerSets ?? []).filter(() => ours.some(({ name }) => name === "web"));
      assert.deepEqual(listNames(statuses.gateways), listNames(ours));
      assert.deepEqual(listNames(statuses.listenerSets), listNames(sets));
      const parents = [
        ...ours.map(({ name }) => `Gateway infra/${name}`),
        ...sets.map((set) => `ListenerSet ${set.namespace}/${set.name}`),
      ];
      const references = (all.httpRoutes ?? []).flatMap((route) =>
        [...new Map(route.parentRefs.map((reference) => [JSON.stringify(reference.written), reference])).values()]
          .filter(({ kind, namespace = route.namespace, name }) => parents.includes(`${kind} ${namespace}/${name}`))
          .map(({ written }) => `${route.namespace}/${route.name} ${JSON.stringify(written)}`),
      );
      const judged = statuses.httpRoutes.flatMap((route) =>
        route.parents.map(({ parentRef }) => `${route.namespace}/${route.name} ${JSON.stringify(parentRef)}`),
      );
      assert.deepEqual(judged.toSorted(), references.toSorted());
    }),
  );
});

test("Reading with the results of earlier readings equals a fresh reading", () => {
  fc.assert(
    fc.property(fc.array(objects, { minLength: 2, maxLength: 4 }), (states) => {
      const cache = createGatewayCache();
      for (const state of states) {
        assert.deepEqual(readGateways(sources(state), OPTIONS, cache), readGateways(sources(state), OPTIONS));
      }
    }),
  );
});

function listNames(
  all: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly listeners: readonly { name: string }[];
  }[],
): readonly string[] {
  return all
    .flatMap(({ namespace, name, listeners }) => listeners.map((entry) => `${namespace}/${name} ${entry.name}`))
    .toSorted();
}
