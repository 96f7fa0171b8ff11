import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Finding } from "../../sync/lint/findings/finding.ts";
import { type IngressInput, lintIngresses, NGINX } from "../support/cli/lint.ts";

describe("lint findings", () => {
  const cases: readonly [sentence: string, ingresses: readonly IngressInput[], expected: Partial<Finding>][] = [
    [
      "Lint reports a path to which ingress-nginx adds a slash by redirect",
      [{ paths: [["/cart/", "Prefix"]] }],
      {
        rule: "slash-redirect",
        kind: "different",
        field: "spec.rules[0].http.paths[0].path",
        url: "http://shop.example.com/cart",
        nginx: "301 http://shop.example.com/cart/",
        edgress: "default/shop:80",
      },
    ],
    [
      "Lint names the Ingress that turns the paths of another into regexes",
      [
        { name: "api", annotations: { [`${NGINX}use-regex`]: "true" }, paths: [["/v[12]", "ImplementationSpecific"]] },
        { name: "shop", paths: [["/cart", "Exact"]] },
      ],
      {
        rule: "regex-applies-to-host",
        kind: "note",
        object: "Ingress default/api",
        field: `metadata.annotations[${NGINX}use-regex]`,
        url: "http://shop.example.com/cartbar",
        nginx: "default/shop:80",
        edgress: "default/shop:80",
      },
    ],
    [
      "Lint reports an Exact path that matches longer paths",
      [{ annotations: { [`${NGINX}use-regex`]: "true" }, paths: [["/cart", "Exact"]] }],
      {
        rule: "exact-matches-longer-paths",
        kind: "note",
        url: "http://shop.example.com/cartbar",
        edgress: "default/shop:80",
      },
    ],
    [
      "Lint reports a Prefix path that matches part of a segment",
      [{ annotations: { [`${NGINX}use-regex`]: "true" }, paths: [["/cart", "Prefix"]] }],
      {
        rule: "prefix-matches-partial-segment",
        kind: "note",
        url: "http://shop.example.com/cartbar",
        edgress: "default/shop:80",
      },
    ],
    [
      "Lint reports a path that ignores case",
      [{ annotations: { [`${NGINX}use-regex`]: "true" }, paths: [["/cart", "Prefix"]] }],
      { rule: "case-insensitive", kind: "note", url: "http://shop.example.com/CART", edgress: "default/shop:80" },
    ],
    [
      "Lint reports a dot that matches any character",
      [{ annotations: { [`${NGINX}use-regex`]: "true" }, paths: [["/robots.txt", "Exact"]] }],
      { rule: "dot-is-wildcard", kind: "note", url: "http://shop.example.com/robotsxtxt", edgress: "default/shop:80" },
    ],
    [
      "Lint reports a rewrite that sends every path to one path",
      [{ annotations: { [`${NGINX}rewrite-target`]: "/new" }, paths: [["/old", "Prefix"]] }],
      {
        rule: "rewrite-without-groups",
        kind: "note",
        url: "http://shop.example.com/old/x",
        nginx: "default/shop:80 /new",
        edgress: "default/shop:80 /new",
      },
    ],
    [
      "Lint reports a rewrite with its meaning before 2018",
      [{ annotations: { "ingress.kubernetes.io/rewrite-target": "/" }, paths: [["/old", "Prefix"]] }],
      {
        rule: "legacy-rewrite",
        kind: "different",
        url: "http://shop.example.com/old/x",
        nginx: "default/shop:80, not rewritten",
        edgress: "default/shop:80 /x",
      },
    ],
    [
      "Lint reports the annotation prefix used before 2018",
      [{ annotations: { "ingress.kubernetes.io/ssl-redirect": "false" } }],
      { rule: "legacy-prefix", kind: "different", field: "metadata.annotations[ingress.kubernetes.io/ssl-redirect]" },
    ],
    [
      "Lint reports policies that unmatched paths inherit",
      [{ annotations: { [`${NGINX}rewrite-target`]: "https://new.example.net" }, paths: [["/old", "Prefix"]] }],
      {
        rule: "default-backend-inherits-policies",
        kind: "note",
        url: "http://shop.example.com/unmatched-path",
        edgress: "302 https://new.example.net",
      },
    ],
    [
      "Lint reports a path without a pathType",
      [{ paths: [["/cart", undefined]] }],
      { rule: "missing-path-type", kind: "note", url: "http://shop.example.com/cartbar", edgress: "404" },
    ],
    [
      "Lint reports a regex with the pathType Prefix or Exact",
      [{ annotations: { [`${NGINX}rewrite-target`]: "/$1" }, paths: [["/cart/(.*)", "Prefix"]] }],
      { rule: "regex-path-type", kind: "note", field: "spec.rules[0].http.paths[0].pathType" },
    ],
    [
      "Lint reports a path that looks like a regex and is not used as one",
      [{ paths: [["/v[12]", "ImplementationSpecific"]] }],
      { rule: "regex-not-enabled", kind: "note" },
    ],
    [
      "Lint reports a port that the origin sees in Host",
      [{ port: 8080 }],
      {
        rule: "PortVisibleInHost",
        kind: "different",
        url: "http://shop.example.com/",
        nginx: "Host: shop.example.com",
        edgress: "Host: shop.example.com:8080",
      },
    ],
    [
      "Lint reports a port that Cloudflare does not proxy",
      [{ port: 3000 }],
      {
        rule: "PortNotProxied",
        kind: "error",
        url: "http://shop.example.com/",
        nginx: "the Service's Pods",
        edgress: "503",
      },
    ],
    ["Lint reports a missing TLS Secret", [{ tls: "never-made" }], { rule: "TLSSecretNotFound", kind: "note" }],
    [
      "Lint reports an annotation that closes a route",
      [{ annotations: { [`${NGINX}enable-modsecurity`]: "true" } }],
      {
        rule: "RouteFailedClosed",
        kind: "error",
        url: "http://shop.example.com/",
        nginx: "served, with enable-modsecurity",
        edgress: "503",
      },
    ],
    [
      "Lint reports an unsupported annotation of a served route",
      [{ annotations: { [`${NGINX}limit-rate`]: "5" } }],
      { rule: "UnsupportedAnnotation", kind: "unsupported" },
    ],
    [
      "Lint reports an annotation that only tunes nginx",
      [{ annotations: { [`${NGINX}proxy-buffering`]: "on" } }],
      { rule: "no-op", kind: "unchanged", field: `metadata.annotations[${NGINX}proxy-buffering]` },
    ],
    [
      "Lint reports a partially supported annotation",
      [{ annotations: { [`${NGINX}enable-cors`]: "true", [`${NGINX}cors-allow-origin`]: "https://a.example.net" } }],
      { rule: "partial-support", kind: "different", field: `metadata.annotations[${NGINX}cors-allow-origin]` },
    ],
    [
      "Lint reports a fully supported annotation",
      [{ annotations: { [`${NGINX}ssl-redirect`]: "false" } }],
      { rule: "full-support", kind: "unchanged", message: "1 path, and ssl-redirect: as in ingress-nginx" },
    ],
    [
      "Lint reports an x-forwarded-prefix that is set like a flag",
      [{ annotations: { [`${NGINX}x-forwarded-prefix`]: "true" } }],
      { rule: "forwarded-prefix-not-boolean", kind: "note" },
    ],
  ];

  for (const [sentence, ingresses, expected] of cases) {
    test(sentence, async () => {
      const findings = await lintIngresses(ingresses);
      const found = findings.filter(({ rule }) => rule === expected.rule);
      assert.ok(found.length > 0, `${expected.rule} is not among ${findings.map(({ rule }) => rule).join(", ")}`);
      assert.partialDeepStrictEqual(found[0], { source: "shop.yaml:1", ...expected });
    });
  }

  test("Lint reports hosts outside of the given zones", async () => {
    const findings = await lintIngresses([{}], ["example.net"]);
    assert.ok(findings.some(({ rule, kind }) => rule === "HostNotInZone" && kind === "different"));
  });
});
