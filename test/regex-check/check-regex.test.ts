import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkRegex } from "../../sync/regex-check/check-regex.ts";

const EXPONENTIAL = "the time to match it can grow exponentially";
const CUBIC = "the time to match it can grow with the path's length to the power of 3 or more";

describe("The check of a regex", () => {
  for (const [pattern, maxBytes] of [
    ["^/api(/|$)(.*)", 4096],
    ["^/z|.{0,99}x", 4096],
    ["^/z|.{0,900}x", 1024], // linear, with many steps for each character
    ["^/.*a.*b1z", 1024],
    ["^/(.*)/(.*)\\.html$", 1024],
    [".*(Android|iPhone|iPad|Mobile|BlackBerry).*", 768],
    ["(?:a|b)*c|(?:a|b)*d", 512],
    ["^/.*/.*/.{0,3}x", 512],
  ] as const)
    test(`${pattern} is safe for up to ${maxBytes} bytes`, () =>
      assert.deepEqual(checkRegex(pattern), { type: "safe", maxBytes }));

  test("A regex with an exponential or cubic worst case cannot pass behind literal text", () => {
    assert.deepEqual(checkRegex("^/shop/cart/(a+)+$"), { type: "unsafe", problem: EXPONENTIAL });
    assert.deepEqual(checkRegex("^/shop/cart/.*.*.*x"), { type: "unsafe", problem: CUBIC });
  });

  // Each of them took 0.4 to 15 s for a text of 16 to 45 characters, or 0.4 s for one of 1,000.
  for (const pattern of [
    "^/(.{0,9}){0,9}x",
    "^/(.{0,5}){0,12}x",
    "^/(a?){25}x",
    "^/(a?){30}a{30}x",
    "^/(a|a?){15}x",
    "^/(\\w|\\d){24}x",
    "^/(a{1,2}){0,25}x",
    "^/(a?b?){20}x",
    "^/a|\\S{5,}(a{0,100}[a-zA-Z0-9_-]{1,3}\\/+\\w\\s{2}|v|[a-zA-Z0-9_-]*)a+?|-",
    "^/v[0-9]+(/.*)?1?-{0,100}(api{1,3}-?|1*?/?){0,100}api+",
  ]) {
    test(`${pattern} is unsafe, also as a lookaround`, () => {
      assert.equal(checkRegex(pattern).type, "unsafe");
      assert.equal(checkRegex(`^/(?!${pattern.slice(1)})(.*)`).type, "unsafe");
    });
  }

  test("A quadratic regex with many steps for each pair of characters is unsafe", () => {
    const problem = "to match it can take too many steps";
    assert.deepEqual(checkRegex("^/a|\\W*(/|$){1,3}a|a"), { type: "unsafe", problem });
  });

  // Each of them took 20 to 800 ms for a text of 1,000 characters: these steps are not seen in the characters alone.
  for (const [reason, pattern] of [
    ["groups without characters", `(?:a${"()".repeat(490)})*x`],
    ["groups that each iteration forgets", `(?:a|z${"(b)".repeat(300)})*x`],
    ["ends of groups", `${"(".repeat(250)}(?:a|b)*${")".repeat(250)}(?:[]){0,9}z`],
    ["empty alternatives", `(?:${[..."cdefghijklmnopqrstu"].map((letter) => `(?:|${letter})`).join("")}a)*x`],
    ["parts that never match", "(?:(?:[]?){30}a)*x"],
    ["iterations that can be empty", "(?:(?:(?:a)??){2,}?)??(?:b)"],
    ["empty iterations before a counted one", "(?:a|){2,}b"],
    ["lookbehinds of a late position", "x*y(?<=z(?:x|y)*|w(?:x|y)*|v(?:x|y)*|u(?:x|y)*)"],
    ["many alternatives", "(?:a|b)*c|(?:a|b)*d|(?:a|b)*e|(?:a|b)*f"],
  ] as const) {
    test(`A regex with many steps for ${reason} is unsafe`, () => assert.equal(checkRegex(pattern).type, "unsafe"));
  }

  test("A regex that cannot be analyzed is unsafe", () => {
    for (const pattern of ["/\\c", "^(?:(?s:.)|\\n)*x", "^/(a)\\1", `^/${"(?:".repeat(9000)}a${")".repeat(9000)}`])
      assert.equal(checkRegex(pattern).type, "unsafe", pattern.slice(0, 40));
  });

  test("A common lookaround is safe", () => {
    for (const pattern of [
      "^/(?!api)(.*)",
      "^/(?!.*\\.php$)(.*)$",
      "^/app(?=/|$)(.*)",
      "^/((?!admin/)[^/]+)/(.*)",
      "^/(?!api\\b)(.*)",
      "^/((?!x).)*$",
      "^/.*(?<!\\.html)$",
      "^/(?=.*foo)(?=.*bar).*",
    ])
      assert.deepEqual(checkRegex(pattern), { type: "safe", maxBytes: 4096 }, pattern);
  });

  test("Matching with and without regard to case is checked", () => {
    assert.equal(checkRegex("^(?:[^a]|A)+$").type, "unsafe"); // ambiguous with regard to case only
    assert.equal(checkRegex("^(x+x+)+[\\W_\\da-z]*$").type, "unsafe"); // without regard to case, the class matches all
  });
});
