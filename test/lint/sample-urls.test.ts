import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseCluster } from "../../sync/collect/parse-objects.ts";
import { createPlaintextSealer } from "../../sync/explain/plaintext-sealer.ts";
import type { Finding } from "../../sync/lint/findings/finding.ts";
import { lint } from "../../sync/lint/lint.ts";
import { DEFAULT_PERMITS } from "../../sync/permits/model.ts";
import { buildIngressList, lintIngresses, NGINX } from "../support/cli/lint.ts";
import { OPTIONS } from "../support/fixture.ts";

const REGEX = { [`${NGINX}use-regex`]: "true" };

describe("sample URLs of lint", () => {
  for (const [path, url] of [
    ["/cart(/|$)(.*)", "http://shop.example.com/cart/"],
    ["/v[0-9]+/catalog/(.*)", "http://shop.example.com/v0/catalog/"],
    ["/(?:en|de)/shop", "http://shop.example.com/en/shop"],
    ["/v\\d{2}/x?y", "http://shop.example.com/v00/y"],
    ["/a[^/]+/b", "http://shop.example.com/aa/b"],
    ["/api/v1/.*", "http://shop.example.com/api/v1/"],
    ["/files/(?!private)(\\w+)\\.pdf", "http://shop.example.com/files/a.pdf"],
    ["/café(.*)", "http://shop.example.com/caf%C3%A9"],
    ["/(?i)Cart", "http://shop.example.com/Cart"],
  ] as const) {
    test(`A finding about the regex ${path} has the URL ${url}, which the regex matches`, async () => {
      const findings = await lintIngresses([
        { annotations: REGEX, paths: [[path, "ImplementationSpecific"]], port: 3000 },
      ]);
      const finding = findings.find(({ rule }) => rule === "PortNotProxied");
      assert.deepEqual([finding?.url, finding?.nginx, finding?.edgress], [url, "the Service's Pods", "503"]);
    });
  }

  test("A finding about a path that another path hides has no URL", async () => {
    const findings = await lintIngresses([
      { annotations: REGEX, paths: [["/(a|b|c)bc.*", "ImplementationSpecific"]] },
      { name: "hidden", annotations: REGEX, paths: [["/abc", "Exact"]], port: 3000 },
    ]);
    const finding = findings.find(({ rule }) => rule === "PortNotProxied");
    assert.deepEqual([finding?.object, finding?.url], ["Ingress default/hidden", undefined]);
  });

  test("A sample URL of a wildcard host has no name that another host matches", async () => {
    const services = buildIngressList([{ port: 3000 }]);
    const [service, ingress] = services.items as [object, { metadata: object; spec: object }];
    const onHost = (host: string, name: string) => {
      const paths = [{ path: "/", pathType: "Prefix", backend: { service: { name: "shop", port: { number: 3000 } } } }];
      return { ...ingress, metadata: { name }, spec: { rules: [{ host, http: { paths } }] } };
    };
    const findings = await lintObjects([service, onHost("*.example.com", "w"), onHost("any.example.com", "exact")]);
    const urls = findings.filter(({ rule }) => rule === "PortNotProxied").map(({ url }) => url);
    assert.deepEqual(urls, ["http://any.example.com/", "http://other.example.com/"]);
  });
});

describe("responses at the URLs of lint", () => {
  test("A path behind basic auth whose Secret exists answers 401", async () => {
    const annotations = { [`${NGINX}auth-type`]: "basic", [`${NGINX}auth-secret`]: "staff" };
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "staff" }, stringData: { auth: "a:{SHA}x" } };
    const findings = await lintObjects([
      ...buildIngressList([{ annotations, paths: [["/cart/", "Prefix"]] }]).items,
      secret,
    ]);
    const redirect = findings.find(({ rule }) => rule === "slash-redirect");
    assert.deepEqual([redirect?.url, redirect?.edgress], ["http://shop.example.com/cart", "401"]);
    const unmatched = findings.find(({ rule }) => rule === "default-backend-inherits-policies");
    assert.deepEqual([unmatched?.edgress, unmatched?.nginx], ["401", "401"]);
  });

  test("A redirect before the missing backend is the response of both", async () => {
    const annotations = { [`${NGINX}permanent-redirect`]: "https://new.example.net/" };
    const [finding] = (await lintIngresses([{ annotations, port: 3000 }])).filter(
      ({ rule }) => rule === "PortNotProxied",
    );
    assert.deepEqual(
      [finding?.nginx, finding?.edgress],
      ["301 https://new.example.net/", "301 https://new.example.net/"],
    );
  });

  test("A path with a private address answers 503 with the default permits, as publish does", async () => {
    const { items } = buildIngressList([{}]);
    const service = { ...(items[0] as object), spec: { externalIPs: ["10.0.0.5"], ports: [{ port: 80 }] } };
    const findings = await lintObjects([service, ...items.slice(1)]);
    const finding = findings.find(({ rule, object }) => rule === "OriginNotPermitted" && object.startsWith("Ingress"));
    assert.deepEqual([finding?.nginx, finding?.edgress], ["the Service's Pods", "503"]);
  });
});

describe("lines of lint", () => {
  test("An annotation under two prefixes is listed once", async () => {
    const annotations = { [`${NGINX}ssl-redirect`]: "false", "edgress.dev/ssl-redirect": "false" };
    const [summary] = (await lintIngresses([{ annotations }])).filter(({ rule }) => rule === "full-support");
    assert.equal(summary?.message, "1 path, and ssl-redirect: as in ingress-nginx");
  });

  test("An annotation that another finding is about is not listed as in ingress-nginx", async () => {
    const annotations = { [`${NGINX}x-forwarded-prefix`]: "true" };
    const [summary] = (await lintIngresses([{ annotations }])).filter(({ rule }) => rule === "full-support");
    assert.equal(summary?.message, "1 path: as in ingress-nginx");
  });
});

async function lintObjects(objects: readonly object[]): Promise<Finding[]> {
  const { tokenizeSecret, open } = createPlaintextSealer();
  const cluster = parseCluster(objects.map((object) => ({ object, source: "shop.yaml:1" })));
  return lint(cluster, { ...OPTIONS, zones: ["."], permits: DEFAULT_PERMITS, tokenizeSecret }, open);
}
