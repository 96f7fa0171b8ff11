import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkRegex } from "../../sync/regex-check/check-regex.ts";
import { dropLiteralPrefix } from "../../sync/regex-check/literal-prefix.ts";

describe("The check of a regex", () => {
  test("A long literal path before a wildcard is not refused, and its check is short", () => {
    const pattern = "^/payments-backoffice-reporting-service/api/v2/internal-exports(/|$)(.*)";
    assert.deepEqual(checkRegex(pattern), { type: "safe", degree: 1 });
    assert.equal(dropLiteralPrefix(pattern), "^/(/|$)(.*)");
  });

  test("A regex with a quadratic worst case is safe, and its degree is known", () => {
    assert.deepEqual(checkRegex("^/.*a.*b1z"), { type: "safe", degree: 2 });
  });

  test("A linear regex with many steps for each character has the degree of a quadratic one", () => {
    assert.deepEqual(checkRegex("^/z|.{0,900}x"), { type: "safe", degree: 1 });
    assert.deepEqual(checkRegex("^/z|.{0,99}a.{0,30}x"), { type: "safe", degree: 2 });
  });

  test("A regex with an exponential or cubic worst case cannot pass behind literal text", () => {
    assert.equal(checkRegex("^/shop/cart/(a+)+$").type, "unsafe");
    assert.equal(checkRegex("^/shop/cart/.*.*.*x").type, "unsafe");
  });

  test("A regex whose structure allows a cubic or exponential worst case is not safe because no tried text shows it", () => {
    const cubic = "\\S{5,}(a{0,100}[a-zA-Z0-9_-]{1,3}\\/+\\w\\s{2}|v|[a-zA-Z0-9_-]*)a+?|-"; // it takes 0.4 s
    const exponential = "^/v[0-9]+(/.*)?1?-{0,100}(api{1,3}-?|1*?/?){0,100}api+";
    for (const pattern of [`^/a|${cubic}`, `^/(?!x)a|${cubic}`, `^/(?=${cubic})x{0,100}y`, exponential]) {
      const verdict = checkRegex(pattern);
      assert.deepEqual(verdict, { type: "unsafe", problem: "the time to match it could not be bounded" }, pattern);
    }
  });

  test("A common lookaround is safe", () => {
    for (const pattern of [
      "^/(?!api)(.*)",
      "^/(?!.*\\.php$)(.*)$",
      "^/app(?=/|$)(.*)",
      "^/((?!admin/)[^/]+)/(.*)",
      "^/(?!api\\b)(.*)",
      "^/((?!x).)*$",
    ])
      assert.equal(checkRegex(pattern).type, "safe", pattern);
  });

  test("A regex with an exponential worst case that only matching with regard to case shows is unsafe", () => {
    assert.equal(checkRegex("^(?:[^a]|A)+$").type, "unsafe");
    assert.equal(checkRegex("^(x+x+)+[\\W_\\da-z]*$").type, "unsafe"); // without regard to case, the class matches all
  });

  test("A check without a result is not remembered as a refusal", () => {
    assert.equal(checkRegex("^/v(?!0)[0-9]+/payments-backoffice-reporting-service(/|$)(.*)", 1).type, "unknown");
  });
});

describe("The literal text that a regex begins with", () => {
  for (const [pattern, expected] of [
    ["^/api(/|$)(.*)", "^/(/|$)(.*)"],
    ["^/carts?/x", "^/s?/x"],
    ["^/a\\.b/(x+)", "^/(x+)"],
    ["^/ab{2,3}", "^/b{2,3}"],
  ] as const) {
    test(`The check of ${pattern} is that of ${expected}`, () => assert.equal(dropLiteralPrefix(pattern), expected));
  }
  for (const pattern of ["^/a|(x+)+", "^/abc\\b(.*)", "^/abc(?<=c)x+", "^/abc(?:^x)*", "^(a+)+", "/abc(a+)+"]) {
    test(`The text of ${pattern} stays`, () => assert.equal(dropLiteralPrefix(pattern), pattern));
  }
});
