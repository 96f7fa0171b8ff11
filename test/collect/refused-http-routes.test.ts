import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseClusterYaml } from "../support/parse-cluster-yaml.ts";

const ROUTE = "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: { name: shop, namespace: web }\n";

function parseRoute(spec: string) {
  const { gateway, invalidObjects } = parseClusterYaml(ROUTE + spec);
  return { route: gateway.httpRoutes[0], invalid: invalidObjects[0] };
}

/** Returns "field: problem" of each unsupported field of a route with one rule. */
function listUnsupported(rule: string): string[] {
  const { route, invalid } = parseRoute(`spec: { rules: [${rule}] }`);
  assert.equal(invalid, undefined);
  return (route?.unsupportedFields ?? []).map(({ field, problem }) => `${field}: ${problem}`);
}

function describeInvalid(spec: string): string {
  const { route, invalid } = parseRoute(spec);
  assert.equal(route, undefined);
  return `${invalid?.kind} ${invalid?.namespace}/${invalid?.name} ${invalid?.field}: ${invalid?.problem}`;
}

describe("An HTTPRoute that the API server would refuse", () => {
  const rows: readonly (readonly [rule: string, expected: string])[] = [
    ["{ matches: [{ path: { value: a } }] }", 'matches[0].path.value: expected a path that starts with /, got "a"'],
    ["{ matches: [{ path: { value: /a//b } }] }", 'matches[0].path.value: expected a path without //, got "/a//b"'],
    ["{ matches: [{ path: { value: /a%2Fb } }] }", 'matches[0].path.value: expected a path without %2F, got "/a%2Fb"'],
    ["{ matches: [{ path: { value: /a/.. } }] }", 'matches[0].path.value: expected a path without /.., got "/a/.."'],
    [
      "{ matches: [{ path: { type: Glob, value: /a } }] }",
      'matches[0].path.type: expected Exact, PathPrefix, RegularExpression, got "Glob"',
    ],
    [
      "{ matches: [{ method: get }] }",
      'matches[0].method: expected GET, HEAD, POST, PUT, DELETE, CONNECT, OPTIONS, TRACE, PATCH, got "get"',
    ],
    ["{ filters: [{ type: CORS }] }", "filters[0].cors: expected it with type CORS"],
    [
      "{ timeouts: { request: 1s, backendRequest: 1500ms } }",
      "timeouts.backendRequest: expected up to 1s of request, got 1500ms",
    ],
    ["{ timeouts: { request: 1.5s } }", 'timeouts.request: expected a duration such as 10s or 1m30s, got "1.5s"'],
    [
      "{ backendRefs: [{ name: one, port: 80, weight: 1000001 }] }",
      "backendRefs[0].weight: expected 0 to 1000000, got 1000001",
    ],
    ["{ backendRefs: [{ name: one }] }", "backendRefs[0].port: expected a port of the Service"],
    [
      "{ filters: [{ type: RequestHeaderModifier, requestHeaderModifier: { remove: ['a b'] } }] }",
      'filters[0].requestHeaderModifier.remove[0]: expected the name of a header, got "a b"',
    ],
    [
      "{ filters: [{ type: CORS, cors: { allowOrigins: ['*', 'https://a.example.com'] } }] }",
      "filters[0].cors.allowOrigins: expected * alone, or no *",
    ],
    [
      "{ matches: [{ path: { type: Exact, value: /a } }], filters: [{ type: URLRewrite, urlRewrite: { path: { type: ReplacePrefixMatch, replacePrefixMatch: /b } } }] }",
      "filters[0].urlRewrite.path.replacePrefixMatch: expected one match in the rule, of type PathPrefix",
    ],
    [
      "{ filters: [{ type: RequestRedirect, requestRedirect: {} }], backendRefs: [{ name: one, port: 80 }] }",
      "filters[0].type: expected no backendRefs with RequestRedirect",
    ],
    [
      "{ filters: [{ type: RequestMirror, requestMirror: { backendRef: { name: one, port: 80 }, percent: 5, fraction: { numerator: 1 } } }] }",
      "filters[0].requestMirror: expected percent or fraction, not both",
    ],
    [
      "{ filters: [{ type: RequestMirror, requestMirror: { backendRef: { name: one, port: 80 }, fraction: { numerator: 3, denominator: 2 } } }] }",
      "filters[0].requestMirror: expected a numerator up to the denominator",
    ],
    [
      "{ filters: [{ type: URLRewrite, urlRewrite: { path: { type: ReplaceFullPath } } }] }",
      "filters[0].urlRewrite.path: expected the field of type ReplaceFullPath",
    ],
    ["{ retry: { attempts: -1 } }", "retry.attempts: expected at least 0, got -1"],
    ["{ retry: { codes: [200] } }", "retry.codes[0]: expected 400 to 599, got 200"],
    [
      "{ sessionPersistence: { sessionName: 'a;b' } }",
      'sessionPersistence.sessionName: expected the name of a cookie, got "a;b"',
    ],
    [
      "{ sessionPersistence: { sessionName: '' } }",
      'sessionPersistence.sessionName: expected the name of a cookie, got ""',
    ],
    [
      "{ sessionPersistence: { type: Header, sessionName: 'a b' } }",
      'sessionPersistence.sessionName: expected the name of a header, got "a b"',
    ],
    [
      "{ sessionPersistence: { type: Header, sessionName: Set-Cookie } }",
      'sessionPersistence.sessionName: expected a header of the session alone, got "Set-Cookie"',
    ],
    [
      "{ sessionPersistence: { absoluteTimeout: 0s, cookieConfig: { lifetimeType: Permanent } } }",
      "sessionPersistence.absoluteTimeout: expected a duration with lifetimeType Permanent",
    ],
    [
      "{ sessionPersistence: { cookieConfig: { lifetimeType: Permanent } } }",
      "sessionPersistence.absoluteTimeout: expected a duration with lifetimeType Permanent",
    ],
  ];
  for (const [rule, expected] of rows)
    test(`The rule ${rule} is unsupported`, () =>
      assert.deepEqual(listUnsupported(rule), [`spec.rules[0].${expected}`]));

  test("A type of filter that a newer API may have is unsupported", () => {
    const [problem = ""] = listUnsupported("{ filters: [{ type: Compress }] }");
    assert.match(problem, /^spec\.rules\[0\]\.filters\[0\]\.type: expected .*CORS.*, got "Compress"$/);
  });

  test("A rewrite besides a redirect has the reason IncompatibleFilters", () => {
    const { route } = parseRoute(
      "spec: { rules: [{ filters: [{ type: RequestRedirect, requestRedirect: {} }, { type: URLRewrite, urlRewrite: {} }] }] }",
    );
    assert.deepEqual(route?.unsupportedFields, [
      {
        field: "spec.rules[0].filters[1].type",
        problem: "expected RequestRedirect or URLRewrite, not both",
        reason: "IncompatibleFilters",
      },
    ]);
  });

  test("A wrong type makes the whole object invalid", () => {
    assert.equal(
      describeInvalid("spec: { hostnames: [Shop.example.com] }"),
      "HTTPRoute web/shop spec.hostnames[0]: expected a host name in lower case, such as shop.example.com or *.example.com",
    );
    assert.equal(
      describeInvalid(`spec: { rules: [${Array.from({ length: 17 }, () => "{}").join()}] }`),
      "HTTPRoute web/shop spec.rules: expected up to 16 items",
    );
    assert.equal(
      describeInvalid("spec: { parentRefs: [{ name: a }, { name: a }] }"),
      "HTTPRoute web/shop spec.parentRefs[1]: expected one reference to a, or references that differ in sectionName or port",
    );
    assert.equal(
      describeInvalid("spec: { rules: [{ backendRefs: [{ name: one, port: http }] }] }"),
      "HTTPRoute web/shop spec.rules[0].backendRefs[0].port: Invalid input: expected number, received string",
    );
  });
});
