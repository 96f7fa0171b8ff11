import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DEFAULT_PERMITS, type Permits } from "../../sync/permits/model.ts";
import { parsePermits } from "../../sync/permits/parse.ts";

function parseValidPermits(text: string): Permits {
  const result = parsePermits(text);
  assert.ok(result.ok, result.ok ? "" : result.problem);
  return result.value;
}

describe("a document of permits", () => {
  test("Permits are read from YAML or JSON", () => {
    const yaml = `
claims:
  - namespaces: [shop, "team-*"]
    hosts: [Shop.example.com., "*.shop.example.com"]
    paths: [/cart/, /caf%C3%A9]
limits:
  - { namespaces: ["*"], maxRoutes: 100 }
origins:
  - { namespaces: ["*"], addresses: [203.0.113.0/24, "2001:db8::/32", "*.elb.example.org"] }
references:
  - { namespaces: [shop, "team-*"], services: [auth/oauth2-proxy, "shared-*/*"] }
`;
    const expected: Permits = {
      claims: [
        {
          namespaces: ["shop", "team-*"],
          hosts: ["shop.example.com", "*.shop.example.com"],
          paths: ["/cart", "/café"],
        },
      ],
      limits: [{ namespaces: ["*"], maxRoutes: 100 }],
      origins: {
        type: "listed",
        entries: [{ namespaces: ["*"], ranges: ["203.0.113.0/24", "2001:db8::/32"], names: ["*.elb.example.org"] }],
      },
      references: [
        {
          namespaces: ["shop", "team-*"],
          services: [
            { namespace: "auth", name: "oauth2-proxy" },
            { namespace: "shared-*", name: undefined },
          ],
        },
      ],
    };
    assert.deepEqual(parseValidPermits(yaml), expected);
    const json = '{"claims":[{"namespaces":["shop"],"hosts":["*"]}]}';
    assert.deepEqual(parseValidPermits(json).claims, [{ namespaces: ["shop"], hosts: ["*"], paths: ["/"] }]);
  });

  test("Permits without fields are the default permits, with no reference allowed", () => {
    assert.deepEqual(parseValidPermits("{}"), { ...DEFAULT_PERMITS, references: [] });
  });

  const buildClaims = (fields: string) => `claims: [{ namespaces: [shop], hosts: [shop.example.com], ${fields} }]`;
  const refusals: readonly (readonly [sentence: string, text: string, problem: string])[] = [
    ["that is empty", "", "must be one document with claims, limits, origins or references"],
    ["that is a comment", "# later", "must be one document with claims, limits, origins or references"],
    [
      "that is null",
      "null",
      "(document): must be a mapping. Use a value such as claims: [{ namespaces: [shop], hosts: [shop.example.com] }]",
    ],
    ["that is two", "{}\n---\n{}", "must be one document with claims, limits, origins or references"],
    [
      "whose list of claims got lost",
      "claims:\n",
      "claims: must be a list. Use a value such as [{ namespaces: [shop], hosts: [shop.example.com] }]",
    ],
    [
      "with a word that nobody knows",
      "claim: []",
      "(document): unknown field: claim. Use claims, limits, origins or references",
    ],
    [
      "with a word that nobody knows within",
      buildClaims("path: [/]"),
      "claims[0]: unknown field: path. Use namespaces, hosts or paths",
    ],
    [
      "that names no namespace",
      "limits: [{ namespaces: [], maxRoutes: 1 }]",
      'limits[0].namespaces: must not be empty. Use a value such as [shop, "team-*"]',
    ],
    [
      "with an empty host, which would be any",
      'claims: [{ namespaces: [shop], hosts: [""] }]',
      'claims[0].hosts[0]: host is invalid: "". Use a name such as "shop.example.com", "*.example.com" or "*"',
    ],
    [
      "with a host that is none",
      'claims: [{ namespaces: [shop], hosts: [a.example.com, "shop.*.com"] }]',
      'claims[0].hosts[1]: host is invalid: "shop.*.com". Use a name such as "shop.example.com", "*.example.com" or "*"',
    ],
    [
      "with a namespace that is none",
      'claims: [{ namespaces: ["*-team"], hosts: ["*"] }]',
      'claims[0].namespaces[0]: namespace is invalid: "*-team". Use a name such as "shop" or a prefix such as "team-*"',
    ],
    [
      "with a path that is none",
      buildClaims("paths: [cart]"),
      'claims[0].paths[0]: path is invalid: "cart". Use a path such as "/cart"',
    ],
    [
      "with a way up",
      buildClaims("paths: [/cart/%2e%2e]"),
      'claims[0].paths[0]: path is invalid: "/cart/%2e%2e". Use a path such as "/cart"',
    ],
    [
      "with no paths, which might be none or all",
      buildClaims("paths: []"),
      "claims[0].paths: must not be empty. Use a value such as [/cart]",
    ],
    [
      "with a limit that is none",
      'limits: [{ namespaces: ["*"], maxRoutes: -1 }]',
      "limits[0].maxRoutes: must be 0 or more. Use a value such as 100",
    ],
    [
      "with a Service without its namespace",
      "references: [{ namespaces: [shop], services: [oauth2-proxy] }]",
      'references[0].services[0]: Service is invalid: "oauth2-proxy". Use "namespace/name", or "namespace/*" for all of its Services',
    ],
    [
      "with a range that is none",
      'origins: [{ namespaces: ["*"], addresses: [203.0.113.0/33] }]',
      'origins[0].addresses[0]: address is invalid: "203.0.113.0/33". Use an address such as "203.0.113.10", a range such as "203.0.113.0/24" or a host name',
    ],
    [
      "with an address that some would read as another",
      'origins: [{ namespaces: ["*"], addresses: ["0177.0.0.1"] }]',
      'origins[0].addresses[0]: address is invalid: "0177.0.0.1". Use an address such as "203.0.113.10", a range such as "203.0.113.0/24" or a host name',
    ],
  ];
  for (const [sentence, text, problem] of refusals) {
    test(`The permits schema rejects ${sentence} and names the field`, () => {
      assert.deepEqual(parsePermits(text), { ok: false, problem });
    });
  }

  test("Permits that are not YAML, or expand without limit, are rejected in one line", () => {
    const bomb = `a: &a [x, x, x, x, x, x, x, x, x, x]\nb: &b [${"*a, ".repeat(20)}]\nc: [${"*b, ".repeat(20)}]`;
    for (const text of ["claims: [", "claims: []\nclaims: []", bomb]) {
      const result = parsePermits(text);
      assert.equal(result.ok, false);
      assert.doesNotMatch(result.ok ? "" : result.problem, /\n/);
    }
  });
});
