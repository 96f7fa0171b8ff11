import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createMatcher } from "../../../sync/library/match.ts";
import { compileObjects } from "../compile-objects.ts";

const GROUP = "gateway.networking.k8s.io/v1";

interface Match {
  readonly path: { readonly type: string; readonly value: string };
  readonly method?: string;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly queryParams: readonly { readonly name: string; readonly value: string }[];
}

interface Route {
  readonly sectionName: number | undefined;
  readonly hostnames: readonly string[];
  readonly matches: readonly Match[];
}

interface Listener {
  readonly scheme: "http" | "https";
  readonly hostname: string | undefined;
}

interface Request {
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly path: string;
  readonly method: string;
  readonly version: string | undefined;
  readonly color: string | undefined;
}

const hostname = fc.constantFrom("a.x.test", "b.a.x.test", "*.x.test", "*.a.x.test", "*.test");
const path = fc.constantFrom("/", "/a", "/a/", "/a/b", "/A", "/ab");
const match: fc.Arbitrary<Match> = fc.record(
  {
    path: fc.record({ type: fc.constantFrom("Exact", "PathPrefix"), value: path }),
    method: fc.constantFrom("GET", "POST"),
    headers: fc.constantFrom([], [{ name: "X-Version", value: "1" }], [{ name: "x-version", value: "2" }]),
    queryParams: fc.constantFrom([], [{ name: "color", value: "red" }]),
  },
  { requiredKeys: ["path", "headers", "queryParams"] },
);
const route: fc.Arbitrary<Route> = fc.record({
  sectionName: fc.constantFrom(undefined, undefined, 0, 1, 2),
  hostnames: fc.uniqueArray(hostname, { maxLength: 2 }),
  matches: fc.array(match, { minLength: 1, maxLength: 3 }),
});
const listeners: fc.Arbitrary<readonly Listener[]> = fc.uniqueArray(
  fc.record({ scheme: fc.constantFrom("http", "https"), hostname: fc.option(hostname, { nil: undefined }) }),
  { minLength: 1, maxLength: 4, selector: ({ scheme, hostname: name }) => `${scheme} ${name}` },
);
const request: fc.Arbitrary<Request> = fc.record({
  scheme: fc.constantFrom("http", "https"),
  host: fc.constantFrom("a.x.test", "b.a.x.test", "c.b.a.x.test", "z.x.test", "x.test", "y.test", "other"),
  path: fc.constantFrom("/", "/a", "/a/", "/a/b", "/a/b/c", "/ab", "/A"),
  method: fc.constantFrom("GET", "POST", "PUT"),
  version: fc.constantFrom(undefined, "1", "2"),
  color: fc.constantFrom(undefined, "red", "blue"),
});

/** Whether a hostname of a listener or route covers a host. */
function covers(pattern: string | undefined, host: string): boolean {
  if (pattern === undefined) return true;
  return pattern.startsWith("*.") ? host.endsWith(pattern.slice(1)) && host !== pattern.slice(2) : pattern === host;
}

/** The more specific, the higher. */
function rankHostname(pattern: string | undefined): number {
  if (pattern === undefined) return 0;
  return pattern.startsWith("*.") ? pattern.split(".").length : 100;
}

function intersect(listenerName: string | undefined, routeName: string): string | undefined {
  if (listenerName === undefined || listenerName === routeName) return routeName;
  if (covers(listenerName, routeName.replace("*", "_"))) return routeName;
  return routeName.startsWith("*.") && covers(routeName, listenerName.replace("*", "_")) ? listenerName : undefined;
}

function listNames({ hostnames }: Route, listener: Listener): (string | undefined)[] {
  if (hostnames.length === 0) return [listener.hostname];
  return hostnames.map((name) => intersect(listener.hostname, name)).filter((name) => name !== undefined);
}

function acceptsPath({ type, value }: Match["path"], requestPath: string): boolean {
  if (type === "Exact") return value === requestPath;
  const bare = value.replace(/\/$/, "");
  return requestPath === bare || requestPath.startsWith(`${bare}/`);
}

function accepts({ path: pathMatch, method, headers, queryParams }: Match, sent: Request): boolean {
  return (
    acceptsPath(pathMatch, sent.path) &&
    (method === undefined || method === sent.method) &&
    headers.every(({ value }) => value === sent.version) &&
    queryParams.every(({ value }) => value === sent.color)
  );
}

/** Negative if `a` comes first. */
function comparePrecedence(a: Match, b: Match): number {
  const rank = ({ path: { type, value }, method, headers, queryParams }: Match) => [
    type === "Exact" ? 1 : 0,
    type === "Exact" ? 0 : value.replace(/\/$/, "").length,
    method === undefined ? 0 : 1,
    headers.length,
    queryParams.length,
  ];
  const [first, second] = [rank(a), rank(b)];
  const index = first.findIndex((value, position) => value !== second[position]);
  return index < 0 ? 0 : (second[index] ?? 0) - (first[index] ?? 0);
}

/** Returns "route.match" of the specification, by a plain search. The routes are in the order of their age. */
function findBySpecification(all: readonly Listener[], routes: readonly Route[], sent: Request): string | undefined {
  const candidates = all.filter(({ scheme, hostname: name }) => scheme === sent.scheme && covers(name, sent.host));
  const [listener] = candidates.toSorted((a, b) => rankHostname(b.hostname) - rankHostname(a.hostname));
  if (!listener) return undefined;
  const attached = routes.flatMap((candidate, index) => {
    if (candidate.sectionName !== undefined && candidate.sectionName !== all.indexOf(listener)) return [];
    const names = listNames(candidate, listener).filter((name) => covers(name, sent.host));
    return names.map((name) => ({ route: candidate, index, rank: rankHostname(name) }));
  });
  const best = Math.max(...attached.map(({ rank }) => rank));
  const entries = attached.filter(({ rank }) => rank === best);
  const matches = entries.flatMap(({ route: candidate, index }) =>
    candidate.matches.map((entry, position) => ({ entry, id: `${index}.${position}` })),
  );
  const accepted = matches.filter(({ entry }) => accepts(entry, sent));
  return accepted.toSorted((a, b) => comparePrecedence(a.entry, b.entry))[0]?.id;
}

function buildObjects(all: readonly Listener[], routes: readonly Route[]): unknown[] {
  const metadata = { namespace: "shop", name: "edge" };
  const gateway = {
    ...{ apiVersion: GROUP, kind: "Gateway", metadata },
    spec: {
      gatewayClassName: "edgress",
      listeners: all.map(({ scheme, hostname: name }, index) => ({
        name: `l${index}`,
        protocol: scheme.toUpperCase(),
        port: scheme === "http" ? 80 : 443,
        ...(name !== undefined && { hostname: name }),
        ...(scheme === "https" && { tls: { options: { "edgress.dev/certificate": "cloudflare" } } }),
      })),
    },
  };
  const httpRoutes = routes.map(({ sectionName, hostnames, matches }, index) => ({
    apiVersion: GROUP,
    kind: "HTTPRoute",
    metadata: { namespace: "shop", name: `r${index}`, creationTimestamp: `2026-01-0${index + 1}T00:00:00Z` },
    spec: {
      parentRefs: [{ name: "edge", ...(sectionName !== undefined && { sectionName: `l${sectionName}` }) }],
      hostnames,
      rules: [{ matches }],
    },
  }));
  const spec = { controllerName: "edgress.dev/ingress-controller" };
  return [
    { apiVersion: GROUP, kind: "GatewayClass", metadata: { name: "edgress" }, spec },
    gateway,
    ...httpRoutes.toReversed(),
  ];
}

test("A request gets the route of the most specific listener and hostname with the highest precedence", () => {
  fc.assert(
    fc.property(
      listeners,
      fc.array(route, { minLength: 1, maxLength: 5 }),
      fc.array(request, { minLength: 1, maxLength: 12 }),
      (all, routes, requests) => {
        const findMatch = createMatcher(compileObjects(buildObjects(all, routes)).rules.hosts);
        for (const sent of requests) {
          const headers = new Headers(sent.version === undefined ? {} : { "x-version": sent.version });
          const query = sent.color === undefined ? "" : `?color=${sent.color}`;
          const found = findMatch(sent.host, sent.path, { ...sent, headers, query });
          const expected = findBySpecification(all, routes, sent)?.split(".");
          assert.equal(
            found?.route.id,
            expected && `HTTPRoute shop/r${expected[0]}#0.${expected[1]}`,
            JSON.stringify(sent),
          );
        }
      },
    ),
    { seed: 14, numRuns: 600 },
  );
});
