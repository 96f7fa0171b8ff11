import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { matchHost } from "../../src/match/match-host.ts";
import { PLAIN_REQUEST } from "../../src/match/request-values.ts";
import { buildRouteTable, findRoute } from "../../src/match/route-table.ts";
import { normalizeHost, parseHost } from "../../src/rules/hosts.ts";
import { buildOriginPath, encodePath, normalizePath } from "../../src/rules/paths.ts";
import { hostHeader, plainRules, rawPath } from "../support/request-arbitraries.ts";
import { compileObjects } from "./compile-objects.ts";

interface PlainRule {
  readonly host: string | undefined;
  readonly path: string;
  readonly slash: boolean;
  readonly pathType: string;
}

/**
 * The rule that a request belongs to, as the Ingress documentation says: the exact host, else the wildcard over one label,
 * else rules without a host; then the longest path, and of equally long ones the exact.
 */
function findPlainRule(rules: readonly PlainRule[], host: string, path: string): PlainRule | undefined {
  const wildcard = `*.${host.split(".").slice(1).join(".")}`;
  const named = [host, wildcard, undefined].find((name) => rules.some((rule) => rule.host === name));
  const elements = (text: string) => text.split("/").filter((element) => element !== "");
  const matches = rules.filter((rule) => {
    if (rule.host !== named) return false;
    if (rule.pathType === "Exact") return formatPath(rule) === path;
    return elements(rule.path).every((element, index) => element === elements(path)[index]);
  });
  const rank = (rule: PlainRule) => 2 * elements(rule.path).length + (rule.pathType === "Exact" ? 1 : 0);
  return matches.toSorted((a, b) => rank(b) - rank(a))[0];
}

function formatPath({ path, slash }: PlainRule): string {
  return slash && path !== "/" ? `${path}/` : path;
}

describe("matching", () => {
  test("Matching finds the route that a simple search of the rules finds", () => {
    const host = fc.constantFrom("a.example.com", "b.example.com", "c.example.com", "d.c.example.com");
    const path = fc
      .tuple(fc.array(fc.constantFrom("a", "b", "aa", "A"), { maxLength: 4 }), fc.boolean())
      .map(([segments, slash]) => `/${segments.join("/")}${slash && segments.length > 0 ? "/" : ""}`);
    fc.assert(
      fc.property(plainRules, host, path, (rules: readonly PlainRule[], requestedHost, requestedPath) => {
        const backend = { service: { name: "one", port: { number: 80 } } };
        const spec = {
          rules: rules.map((rule) => ({
            host: rule.host,
            http: { paths: [{ path: formatPath(rule), pathType: rule.pathType, backend }] },
          })),
        };
        const all = [{ apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata: { name: "i" }, spec }];
        const hosts = new Map(compileObjects(all).rules.hosts.map((hostRules) => [hostRules.host, hostRules]));
        const matchedHost = matchHost(hosts, requestedHost);
        const match = matchedHost ? findRoute(buildRouteTable(matchedHost), requestedPath, PLAIN_REQUEST) : "no-match";
        const expected = findPlainRule(rules, requestedHost, requestedPath);
        const id = expected ? `default/i#${rules.indexOf(expected)}.0` : undefined;
        assert.equal(typeof match === "string" ? undefined : match.route.id, id);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("hosts", () => {
  test("A normalized host does not change if it is normalized again", () => {
    fc.assert(
      fc.property(hostHeader, (header) => assert.equal(normalizeHost(normalizeHost(header)), normalizeHost(header))),
    );
    fc.assert(
      fc.property(fc.oneof(hostHeader, fc.string()), (text) => {
        const host = parseHost(text);
        if (!host.ok || host.value === "*") return;
        assert.deepEqual(parseHost(host.value), host);
        assert.equal(normalizeHost(host.value), host.value);
      }),
    );
  });
});

describe("paths", () => {
  const wellFormed = rawPath.filter((raw) => raw.isWellFormed());

  test("A normalized path has no dot segment, double slash or NUL", () => {
    fc.assert(
      fc.property(rawPath, (raw) => {
        const path = normalizePath(raw);
        if (path === undefined) return;
        assert.match(path, /^\//);
        assert.doesNotMatch(path, /\/\/|\/\.\.?(\/|$)|\0/);
      }),
      { numRuns: 2000 },
    );
  });

  test("A normalized path does not change if it is normalized again", () => {
    fc.assert(
      fc.property(rawPath, (raw) => {
        const path = normalizePath(raw);
        if (path !== undefined) assert.equal(normalizePath(encodePath(path)), path);
      }),
      { numRuns: 2000 },
    );
  });

  test("The path that the origin gets is the matched path, even if fetch resolves dots", () => {
    fc.assert(
      fc.property(wellFormed, (raw) => {
        const path = normalizePath(raw);
        // A request's path has no control characters, and its query is not part of it.
        if (path === undefined || /[\x00-\x20?#]/.test(raw)) return;
        const fetched = new URL(`http://a.example.com${buildOriginPath(raw, path)}`).pathname;
        assert.equal(normalizePath(fetched), path);
        const rewritten = new URL(`http://a.example.com${encodePath(path)}`).pathname;
        assert.equal(normalizePath(rewritten), path);
      }),
      { numRuns: 2000 },
    );
  });
});
