import assert from "node:assert/strict";
import fc from "fast-check";
import { listHostCandidates, normalizeHost } from "../../../src/rules/hosts.ts";
import { buildOriginPath, encodePath, normalizePath } from "../../../src/rules/paths.ts";
import type { HostRules } from "../../../src/rules/snapshot.ts";
import { createMatcher } from "../../../sync/library/match.ts";
import { readFixtures, ZONES } from "../../support/fixture.ts";
import { assertFast } from "../cpu-time.ts";
import { buildHeaders, createInProcessEdge, type RawRequest } from "../in-process-edge.ts";
import {
  CONDITIONED_HEADERS,
  CONDITIONED_HOSTS,
  CONDITIONED_PATHS,
  CONDITIONED_QUERIES,
} from "../inputs/conditioned-hosts.ts";
import { buildHostHeaders, buildRawPaths, clientHeaders } from "../inputs/raw-requests.ts";
import { resolveRequestHost, resolveRequestPath } from "../reference/request-path.ts";
import { type ReferenceMatch, searchRules } from "../reference/route-search.ts";
import { defineProperty, startWithoutServer } from "../target.ts";

// The decisions of the edge for one request, in this process: normalization, matching and filters.

const fixtures = [
  buildFixture("conditions", CONDITIONED_HOSTS, CONDITIONED_PATHS),
  ...readFixtures().map(({ title, compiled: { rules }, requests }) => {
    const requestPaths = requests.map(({ url }) => /^\w+:\/\/[^/?#]*([^?#]*)/.exec(url)?.[1] ?? "/");
    return buildFixture(title, rules.hosts, [...rules.hosts.flatMap(listPaths), ...requestPaths]);
  }),
];

function buildFixture(title: string, hosts: readonly HostRules[], paths: readonly string[]) {
  return {
    [fc.toStringMethod]: () => title,
    hosts,
    paths,
    findRoute: createMatcher(hosts),
    serve: createInProcessEdge(hosts, ZONES),
  };
}

type DecisionFixture = (typeof fixtures)[number];

function listPaths({ routes }: HostRules): string[] {
  return routes.map(({ path }) => ("pattern" in path ? sampleRegex(path.pattern) : path.path));
}

/** Returns a text close to the ones that a regex matches. */
function sampleRegex(pattern: string): string {
  const text = pattern.replaceAll(/\(\?[:=!<]+|\\[bB]|[\^$*+?()[\]{}]/g, "").replaceAll("\\", "");
  return text.startsWith("/") ? text : `/${text}`;
}

const allPaths = [...new Set(fixtures.flatMap(({ paths }) => paths))];
const allHosts = [...new Set(fixtures.flatMap(({ hosts }) => hosts.map(({ host }) => host)))];

function checkPath(rawPath: string): void {
  const path = assertFast("normalizing a path", () => normalizePath(rawPath));
  assert.equal(path, resolveRequestPath(rawPath));
  if (path === undefined) return;
  assert.equal(normalizePath(encodePath(path)), path);
  if (!rawPath.isWellFormed()) return; // no request has a lone surrogate, and a URL replaces it
  const fetched = new URL(`http://a.example.com${buildOriginPath(rawPath || "/", path)}`).pathname;
  assert.equal(resolveRequestPath(fetched), path, `the origin gets ${fetched}`);
}

const MAX_CANDIDATES = 130; // a name, its wildcards of 127 labels, and the catch-all

function checkHost(header: string): void {
  const host = assertFast("normalizing a host", () => normalizeHost(header));
  assert.equal(host, resolveRequestHost(header));
  const candidates = assertFast("listing the names of rules", () => listHostCandidates(host));
  assert.ok(candidates.length <= MAX_CANDIDATES, `${candidates.length} names`);
}

interface Decision {
  readonly fixture: DecisionFixture;
  readonly request: RawRequest;
}

// Conditions are as likely as all other fixtures, because they have the most inputs.
const someFixture = fc.oneof(
  fc.constantFrom(...fixtures.slice(0, 1)),
  fc.constantFrom(...fixtures.filter(({ hosts }) => hosts.length > 0)),
);
const decision = someFixture.chain(
  (fixture): fc.Arbitrary<Decision> =>
    fc.record({
      fixture: fc.constant(fixture),
      request: fc.record({
        method: fc.constantFrom("GET", "GET", "GET", "HEAD", "POST", "OPTIONS", "PUT"),
        host: buildHostHeaders(fixture.hosts.map(({ host }) => host)),
        path: buildRawPaths(fixture.paths),
        query: fc.constantFrom("", "?", "?a=b", "?x=/../y", "?%00", "?__proto__=1", ...CONDITIONED_QUERIES),
        headers: fc
          .tuple(clientHeaders, fc.option(fc.constantFrom(...CONDITIONED_HEADERS), { freq: 2 }))
          .map(([headers, added]) => (added ? [...headers, added] : headers)),
      }),
    }),
);

function checkRoute({ fixture: { hosts, findRoute }, request: { host, path, ...request } }: Decision): void {
  const parts = { ...request, scheme: "https", headers: buildHeaders(host, request.headers) } as const;
  const found = assertFast("matching", () => findRoute(host, path, parts));
  const expected = searchRules(hosts, path, { ...parts, host });
  if (found) {
    assert.equal(found.host, expected?.host.host);
    assert.ok(expected?.routes.includes(found.route), `route ${found.route.id} answers`);
  } else assert.ok(!expected || expected.routes.length === 0 || expected.mayReject, "a route is not found");
}

async function checkAnswer({ fixture: { hosts, serve }, request }: Decision): Promise<void> {
  const { exchange, answer, forwarded } = await serve(request);
  const { status } = answer.response;
  assert.ok(status >= 200 && status <= 599, `status ${status}: ${answer.reason}`);
  const { hostHeader, scheme, query, request: received } = exchange;
  const { method, headers } = received;
  const expected = searchRules(hosts, request.path, { host: hostHeader, scheme, method, query, headers });
  if (answer.route !== undefined)
    assert.ok(
      expected?.routes.some(({ id }) => id === answer.route),
      `route ${answer.route} answers`,
    );
  if (!forwarded) return;
  assert.ok(expected, "a request without rules is forwarded");
  assertGuarded(expected);
  const { backend } = forwarded;
  if (backend === undefined) return; // a 404, whose policies apply
  assert.ok(Object.hasOwn(expected.host.backends, backend), `backend ${backend} of another host`);
}

/** Throws if no such request may pass: it has no password, and no service accepts it. */
function assertGuarded({ host, routes }: ReferenceMatch): void {
  for (const policies of [host.policies, ...routes.map((route) => route.policies)]) {
    assert.equal(policies.failClosed, undefined, "a closed route is forwarded");
    const { authorization } = policies;
    const isGuarded = authorization && !authorization.any && (authorization.basic || authorization.external);
    assert.ok(!isGuarded, "a guarded route is forwarded");
  }
}

export const startTarget = () =>
  startWithoutServer([
    defineProperty("paths", buildRawPaths(allPaths), checkPath),
    defineProperty("hosts", buildHostHeaders(allHosts), checkHost),
    defineProperty("routes", decision, checkRoute),
    defineProperty("answers", decision, checkAnswer),
  ]);
