import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseCluster } from "../../sync/collect/parse-objects.ts";
import { createOriginChecker } from "../../sync/compile/backends/origin-permits.ts";
import { buildLiteralPathRegex, findLiteralPrefix, scopeRegex } from "../../sync/compile/hosts/regex-scope.ts";
import {
  ALLOW_ALL,
  DEFAULT_PERMITS,
  findMaxRoutes,
  findPermittedPaths,
  isPathWithin,
  type Permits,
  permitsHost,
} from "../../sync/permits/model.ts";
import { parsePermits } from "../../sync/permits/parse.ts";

function parseValidPermits(text: string): Permits {
  const result = parsePermits(text);
  assert.ok(result.ok, result.ok ? "" : result.problem);
  return result.value;
}

describe("a document of permits", () => {
  test("says what is permitted, in YAML or JSON", () => {
    const yaml = `
claims:
  - namespaces: [shop, "team-*"]
    hosts: [Shop.example.com., "*.shop.example.com"]
    paths: [/cart/, /caf%C3%A9]
limits:
  - { namespaces: ["*"], maxRoutes: 100 }
origins:
  - { namespaces: ["*"], addresses: [203.0.113.0/24, "2001:db8::/32", "*.elb.example.org"] }
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
    };
    assert.deepEqual(parseValidPermits(yaml), expected);
    const json = '{"claims":[{"namespaces":["shop"],"hosts":["*"]}]}';
    assert.deepEqual(parseValidPermits(json).claims, [{ namespaces: ["shop"], hosts: ["*"], paths: ["/"] }]);
  });

  test("that says nothing is the default", () => {
    assert.deepEqual(parseValidPermits("{}"), DEFAULT_PERMITS);
  });

  const buildClaims = (fields: string) => `claims: [{ namespaces: [shop], hosts: [shop.example.com], ${fields} }]`;
  const refusals: readonly (readonly [sentence: string, text: string, problem: string])[] = [
    ["that is empty", "", "must be one document with claims, limits or origins"],
    ["that is a comment", "# later", "must be one document with claims, limits or origins"],
    [
      "that is null",
      "null",
      "(document): must be a mapping. Use a value such as claims: [{ namespaces: [shop], hosts: [shop.example.com] }]",
    ],
    ["that is two", "{}\n---\n{}", "must be one document with claims, limits or origins"],
    [
      "whose list of claims got lost",
      "claims:\n",
      "claims: must be a list. Use a value such as [{ namespaces: [shop], hosts: [shop.example.com] }]",
    ],
    ["with a word that nobody knows", "claim: []", "(document): unknown field: claim. Use claims, limits or origins"],
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
    test(`${sentence} is refused, and the field is named`, () => {
      assert.deepEqual(parsePermits(text), { ok: false, problem });
    });
  }

  test("that is no YAML, or grows without end, is refused in one line", () => {
    const bomb = `a: &a [x, x, x, x, x, x, x, x, x, x]\nb: &b [${"*a, ".repeat(20)}]\nc: [${"*b, ".repeat(20)}]`;
    for (const text of ["claims: [", "claims: []\nclaims: []", bomb]) {
      const result = parsePermits(text);
      assert.equal(result.ok, false);
      assert.doesNotMatch(result.ok ? "" : result.problem, /\n/);
    }
  });
});

describe("who may claim what", () => {
  const permits = parseValidPermits(`
claims:
  - { namespaces: [shop], hosts: [shop.example.com] }
  - { namespaces: ["team-*"], hosts: [shop.example.com], paths: [/cart] }
  - { namespaces: [team-a], hosts: [shop.example.com], paths: [/basket] }
  - { namespaces: ["team-*"], hosts: ["*.team.example.com"] }
  - { namespaces: [platform], hosts: ["*"] }
`);

  test("is what the entries that name the namespace and the host say together", () => {
    const cases: readonly (readonly [namespace: string, host: string, paths: readonly string[]])[] = [
      ["shop", "shop.example.com", ["/"]],
      ["team-a", "shop.example.com", ["/basket", "/cart"]],
      ["team-b", "shop.example.com", ["/cart"]],
      ["team", "shop.example.com", []],
      ["shop", "www.shop.example.com", []],
      ["shop", "*.example.com", []],
      ["shop", "*", []],
      ["team-a", "a.team.example.com", ["/"]],
      ["team-a", "a.b.team.example.com", ["/"]],
      ["team-a", "*.team.example.com", ["/"]],
      ["team-a", "*.b.team.example.com", ["/"]],
      ["team-a", "team.example.com", []],
      ["team-a", "xteam.example.com", []],
      ["team-a", "*", []],
      ["platform", "*", ["/"]],
      ["platform", "*.example.com", ["/"]],
    ];
    for (const [namespace, host, paths] of cases) {
      assert.deepEqual(findPermittedPaths(permits, namespace, host), paths, `${namespace} ${host}`);
      assert.equal(permitsHost(permits, namespace, host), paths.includes("/"), `${namespace} ${host}`);
    }
  });

  test("is everything for everyone without a list, and nothing with an empty one", () => {
    for (const openPermits of [ALLOW_ALL, DEFAULT_PERMITS])
      assert.deepEqual(findPermittedPaths(openPermits, "a", "*"), ["/"]);
    assert.deepEqual(findPermittedPaths(parseValidPermits("claims: []"), "a", "a.example.com"), []);
  });

  test("is a path and what lies below it, by whole segments", () => {
    const pathsWithin = ["/cart", "/cart/", "/cart/7", "/cart/7/x"].map((path) => isPathWithin(path, ["/x", "/cart"]));
    const pathsOutside = ["/", "/car", "/cartoon", "/Cart", "/cart%2F7", "/a/cart"].map((path) =>
      isPathWithin(path, ["/cart"]),
    );
    assert.deepEqual(pathsWithin, [true, true, true, true]);
    assert.deepEqual(pathsOutside, [false, false, false, false, false, false]);
    assert.equal(isPathWithin("/anything", ["/"]), true);
  });

  test("is so many routes as the first entry says that names the namespace", () => {
    const quotaPermits = parseValidPermits(
      'limits: [{ namespaces: [shop], maxRoutes: 5 }, { namespaces: ["sh*", other], maxRoutes: 7 }]',
    );
    const maxRoutes = ["shop", "ship", "other", "another"].map((namespace) => findMaxRoutes(quotaPermits, namespace));
    assert.deepEqual(maxRoutes, [5, 7, 7, undefined]);
  });
});

describe("an expression", () => {
  const cases: readonly (readonly [path: string, literalPrefix: string | undefined])[] = [
    ["/cart(/|$)(.*)", "/cart"],
    ["/cart/.*", "/cart/"],
    ["/cart.*", "/cart"],
    ["/carts?/x", "/cart"],
    ["/cart{2}", "/car"],
    ["/cart+", "/car"],
    ["/cart\\.x/(.+)", "/cart.x/"],
    ["/cart\\.?x", "/cart"],
    ["/v\\d+", "/v"],
    ["/(?i)/cart", "//cart"],
    ["/(cart|admin)", "/"],
    ["/[(|]x", "/"],
    ["/cart/x|/admin", undefined],
    ["/cart[]|/admin]", undefined],
    ["/cart(a|b)|c", undefined],
    ["/cart\\|x", "/cart|x"],
    ["/cart[a|b]", "/cart"],
  ];
  for (const [path, literalPrefix] of cases) {
    test(`${path} ${literalPrefix === undefined ? "may begin with anything" : `begins with ${literalPrefix}`}`, () => {
      assert.equal(findLiteralPrefix(path), literalPrefix);
    });
  }

  const filterMatching = (pattern: string, paths: readonly string[]) =>
    paths.filter((path) => new RegExp(pattern, "i").test(path));

  test("takes nothing beside its fence, whatever it says", () => {
    const paths = ["/cart", "/CART", "/cart/x", "/cartoon", "/admin", "/x/admin", "/b.c/x", "/bxc/x"];
    for (const pattern of ["^/cart|/admin", "^/.*", "^/c[a]rt", "^/(?:cart.*|admin)"]) {
      assert.deepEqual(filterMatching(scopeRegex(pattern, ["/cart"]), paths), ["/cart", "/cart/x"], pattern);
    }
    assert.deepEqual(filterMatching(scopeRegex("^/b", ["/b.c"]), paths), ["/b.c/x"]);
    assert.deepEqual(filterMatching(scopeRegex("^/cart|/admin", undefined), paths), [
      "/cart",
      "/CART",
      "/cart/x",
      "/cartoon",
      "/admin",
      "/x/admin",
    ]);
  });

  test("keeps its groups behind a fence", () => {
    assert.equal(new RegExp(scopeRegex("^/cart(/|$)(.*)", ["/cart"]), "i").exec("/cart/a/B")?.[2], "a/B");
  });

  test("that stands for a plain path takes what that takes", () => {
    const paths = ["/foo", "/foo/", "/foo/x", "/Foo", "/foobar", "/a.b", "/axb", "/"];
    const filterPrefixMatches = (path: string, otherPaths: readonly string[] = []) =>
      filterMatching(buildLiteralPathRegex({ type: "prefix", path }, new Set([path, ...otherPaths])), paths);
    assert.deepEqual(filterPrefixMatches("/foo"), ["/foo", "/foo/", "/foo/x"]);
    assert.deepEqual(filterPrefixMatches("/f%6Fo/"), ["/foo", "/foo/", "/foo/x"]);
    assert.deepEqual(filterPrefixMatches("/foo/", ["/foo"]), ["/foo/", "/foo/x"]);
    assert.deepEqual(filterPrefixMatches("/"), paths);
    assert.deepEqual(filterMatching(buildLiteralPathRegex({ type: "exact", path: "/a.b" }, new Set()), paths), [
      "/a.b",
    ]);
  });
});

describe("an origin", () => {
  const services = parseCluster([
    buildServiceObject("one", { clusterIP: "203.0.113.5", clusterIPs: ["203.0.113.5", "2001:db8::5"] }),
    buildServiceObject("two", { clusterIP: "None", clusterIPs: ["None"] }),
    buildServiceObject("three", { clusterIP: "203.0.113.6" }),
    buildServiceObject("four", {}),
  ]).services;

  function buildServiceObject(name: string, spec: object) {
    return { object: { apiVersion: "v1", kind: "Service", metadata: { name }, spec }, source: name };
  }

  test("is no cluster IP of a Service, however it is spelled; a headless one has none", () => {
    assert.deepEqual(
      services.map(({ clusterIPs }) => clusterIPs),
      [["203.0.113.5", "2001:db8::5"], [], ["203.0.113.6"], []],
    );
    const listedPermits = parseValidPermits(
      'origins: [{ namespaces: ["*"], addresses: [203.0.113.0/24, "2001:db8::/32"] }]',
    );
    for (const { origins } of [DEFAULT_PERMITS, listedPermits]) {
      const checkOrigin = createOriginChecker(origins, services).checkOrigin;
      for (const address of ["203.0.113.5", "203.0.113.6", "2001:db8::5", "::ffff:cb00:7105"]) {
        assert.equal(checkOrigin("shop", address), "cluster IP of a Service", address);
      }
      assert.equal(checkOrigin("shop", "203.0.113.7"), undefined);
    }
  });

  test("may be any public address by default, those for documentation included", () => {
    const checkOrigin = createOriginChecker(DEFAULT_PERMITS.origins, services).checkOrigin;
    for (const address of [
      ...["203.0.113.10", "198.51.100.1", "192.0.2.1", "9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0"],
      ...["192.167.255.255", "192.169.0.0", "169.253.255.255", "100.63.255.255", "100.128.0.0", "223.255.255.255"],
      ...["2001:db8::1", "2606:4700::1", "fbff::1", "lb.example.net", "a-1.eu.elb.example.org"],
    ]) {
      assert.equal(checkOrigin("shop", address), undefined, address);
    }
  });

  test("is no address that means something else inside a network by default", () => {
    const checkOrigin = createOriginChecker(DEFAULT_PERMITS.origins, services).checkOrigin;
    for (const address of [
      ...["127.0.0.1", "127.255.255.255", "0.0.0.0", "0.1.2.3", "169.254.169.254", "10.0.0.0", "172.16.0.0"],
      ...["172.31.255.255", "192.168.255.255", "100.64.0.0", "100.127.255.255", "224.0.0.1", "239.255.255.255"],
      ...[
        "255.255.255.255",
        "168.63.129.16",
        "192.0.0.192",
        "::",
        "::1",
        "fe80::1",
        "febf::1",
        "fc00::1",
        "fd00:ec2::254",
      ],
      ...["ff02::1", "::ffff:7f00:1", "::ffff:a00:1", "::7f00:1", "64:ff9b::a00:1", "2002:a00:1::"],
      ...[
        "localhost",
        "x.localhost",
        "db.local",
        "metadata.google.internal",
        "web.shop.svc",
        "web.shop.svc.cluster.local",
      ],
      ...["router", "127.1", "0177.0.0.1", "0x7f.1", "edgress-0123456789abcdef01234567.example.com"],
    ]) {
      assert.notEqual(checkOrigin("shop", address), undefined, address);
    }
  });

  test("is what a namespace's entries list, and nothing else", () => {
    const { origins } = parseValidPermits(`
origins:
  - { namespaces: [shop], addresses: [10.0.0.0/8, "*.elb.example.org"] }
  - { namespaces: ["*"], addresses: [203.0.113.7] }
`);
    const checkOrigin = createOriginChecker(origins, services).checkOrigin;
    const allowedAddresses = ["10.1.2.3", "a.elb.example.org", "203.0.113.7", "::ffff:10.1.2.3"];
    assert.deepEqual(
      allowedAddresses.map((address) => checkOrigin("shop", address)),
      [undefined, undefined, undefined, undefined],
    );
    for (const address of [
      "203.0.113.8",
      "elb.example.org",
      "::1",
      "edgress-0123456789abcdef01234567.elb.example.org",
    ]) {
      assert.notEqual(checkOrigin("shop", address), undefined, address);
    }
    assert.equal(checkOrigin("other", "10.1.2.3"), "not in the origin permits of namespace other");
  });

  test("may be anything where everything is permitted", () => {
    const checkOrigin = createOriginChecker(ALLOW_ALL.origins, services).checkOrigin;
    for (const address of ["127.0.0.1", "203.0.113.5", "localhost.local"])
      assert.equal(checkOrigin("shop", address), undefined);
  });
});
