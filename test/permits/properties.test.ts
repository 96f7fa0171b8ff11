import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { matchHost } from "../../src/match/match-host.ts";
import { PLAIN_REQUEST } from "../../src/match/request-values.ts";
import { buildRouteTable, findRoute } from "../../src/match/route-table.ts";
import { normalizePath } from "../../src/rules/paths.ts";
import type { PolicySettings } from "../../src/rules/policies/index.ts";
import type { PathMatch, Route } from "../../src/rules/snapshot.ts";
import type { Compilation } from "../../sync/compile/model.ts";
import type { Options } from "../../sync/compile/options.ts";
import type { Permits } from "../../sync/permits/model.ts";
import { compileObjects, FAST_OPTIONS } from "../compile/compile-objects.ts";
import { competingIngresses } from "../support/competing-ingresses.ts";

describe("permits", () => {
  interface Rival {
    readonly metadata: { readonly namespace: string };
  }

  const filterNamespace = (all: readonly Rival[], namespace: string) =>
    all.filter(({ metadata }) => metadata.namespace === namespace);

  function permits(claims: Permits["claims"]): Options {
    return { ...FAST_OPTIONS, permits: { ...FAST_OPTIONS.permits, claims } };
  }

  test("Permits for separate hosts isolate two namespaces", () => {
    const options = permits([
      { namespaces: ["default"], hosts: ["a.example.com"], paths: ["/"] },
      { namespaces: ["shop"], hosts: ["b.example.com"], paths: ["/"] },
    ]);
    fc.assert(
      fc.property(competingIngresses, ({ ingresses, services }) => {
        const { hosts } = compileObjects([...ingresses, ...services], options).rules;
        for (const [namespace, host] of [
          ["default", "a.example.com"],
          ["shop", "b.example.com"],
        ] as const) {
          const alone = compileObjects([...filterNamespace(ingresses, namespace), ...services], options).rules.hosts;
          assert.ok(alone.every((rules) => rules.host === host));
          assert.deepEqual(
            hosts.filter((rules) => rules.host === host),
            alone,
          );
          for (const { id } of alone.flatMap(({ routes }) => routes)) assert.ok(id.startsWith(`${namespace}/`));
        }
        assert.ok(hosts.every(({ host }) => host === "a.example.com" || host === "b.example.com"));
      }),
      { numRuns: 200 },
    );
  });

  test("A permit for one path of a host gives a namespace nothing else of the host", () => {
    const options = permits([
      { namespaces: ["default"], hosts: ["*"], paths: ["/"] },
      { namespaces: ["shop"], hosts: ["*.example.com"], paths: ["/foo"] },
    ]);
    const segment = fc.constantFrom("foo", "FOO", "Foo", "foobar", "fo", "bar", "admin", "ADMIN", "café", "x");
    const pathArbitrary = fc
      .tuple(fc.array(segment, { maxLength: 3 }), fc.constantFrom("", "/"))
      .map(([segments, end]) => normalizePath(`/${segments.join("/")}${end}`) ?? "/");
    const host = fc.constantFrom(
      "a.example.com",
      "b.example.com",
      "c.example.com",
      "www.b.example.com",
      "other.example.net",
    );
    fc.assert(
      fc.property(
        competingIngresses,
        host,
        fc.array(pathArbitrary, { minLength: 10 }),
        ({ ingresses, services }, requestedHost, paths) => {
          const respondWithBoth = createResponder(compileObjects([...ingresses, ...services], options), requestedHost);
          const respondAlone = createResponder(
            compileObjects([...filterNamespace(ingresses, "default"), ...services], options),
            requestedHost,
          );
          for (const path of paths) {
            // Within its path it may take requests; and of two that write the same path there, the older has it.
            if (/^\/foo(\/|$)/.test(path) || isContested(respondAlone(path).match)) continue;
            assert.deepEqual(respondWithBoth(path).response, respondAlone(path).response, `${requestedHost}${path}`);
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  function isContested(match: PathMatch | undefined): boolean {
    const text = match && ("pattern" in match ? match.pattern : match.path);
    return text !== undefined && /^\^?\/foo/.test(text);
  }

  /** What a host answers at a path (the policies of the host, and the route with its own), and by which match. */
  function createResponder({ rules }: Compilation, host: string) {
    const matchedHost = matchHost(new Map(rules.hosts.map((hostRules) => [hostRules.host, hostRules])), host);
    const table = matchedHost && buildRouteTable(matchedHost);
    return (path: string): { readonly response: unknown; readonly match: PathMatch | undefined } => {
      const match = table ? findRoute(table, path, PLAIN_REQUEST) : "no-match";
      return selectResponse(matchedHost?.policies ?? {}, typeof match === "object" ? match.route : undefined);
    };
  }

  function selectResponse(host: PolicySettings, route: Route | undefined) {
    const redirect = host.fromToWww ?? route?.policies.fromToWww;
    if (redirect || !route) return { response: redirect ?? { host }, match: undefined };
    const { id, policies, backend } = route;
    return { response: { id, policies, backend, host }, match: route.path };
  }
});
