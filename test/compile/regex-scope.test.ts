import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { buildLiteralPathRegex, findLiteralPrefix, scopeRegex } from "../../sync/compile/hosts/regex-scope.ts";

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

  test("A regex limited to a path matches nothing outside of the path", () => {
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

  test("A regex limited to a path keeps its groups", () => {
    assert.equal(new RegExp(scopeRegex("^/cart(/|$)(.*)", ["/cart"]), "i").exec("/cart/a/B")?.[2], "a/B");
  });

  test("The regex of a plain path matches the same paths", () => {
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
