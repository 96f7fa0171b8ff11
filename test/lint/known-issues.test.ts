import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCluster } from "../../sync/collect/parse-objects.ts";
import { lint } from "../../sync/lint/lint.ts";
import { buildIngressList, type IngressInput, lintIngresses, NGINX, rejectDecryption } from "../support/cli/lint.ts";
import { OPTIONS } from "../support/fixture.ts";

type Annotations = Readonly<Record<string, string>>;

async function listFindings(annotations: Annotations, rules: readonly string[], input: IngressInput = {}) {
  const findings = await lintIngresses([{ annotations, ...input }]);
  return findings
    .filter(({ rule }) => rules.includes(rule))
    .map(({ kind, field, message, remedy }) => `${kind} ${field}: ${message}; ${remedy}`);
}

test("Lint notes once per Ingress that the certificate of cert-manager is not served", async () => {
  const annotations = { "cert-manager.io/cluster-issuer": "letsencrypt", "cert-manager.io/duration": "2160h" };
  assert.deepEqual(await listFindings(annotations, ["cert-manager"]), [
    "note metadata.annotations[cert-manager.io/cluster-issuer]: the edge serves Cloudflare's certificate, and HTTP-01 challenges do not pass it; remove the annotation, or use DNS-01 if the cluster still needs a certificate",
  ]);
  assert.equal((await listFindings({ "kubernetes.io/tls-acme": "true" }, ["cert-manager"])).length, 1);
});

for (const prefix of ["external-dns.alpha.kubernetes.io/", "external-dns.kubernetes.io/"]) {
  test(`Lint reports records that external-dns does not proxy, with the prefix ${prefix}`, async () => {
    const rules = ["external-dns-not-proxied"];
    assert.deepEqual(await listFindings({ [`${prefix}ttl`]: "60" }, rules), [
      `note metadata.annotations[${prefix}ttl]: external-dns creates records that are not proxied, unless it runs with --cloudflare-proxied; set ${prefix}cloudflare-proxied: "true"`,
    ]);
    assert.deepEqual(await listFindings({ [`${prefix}cloudflare-proxied`]: "false" }, rules), [
      `different metadata.annotations[${prefix}cloudflare-proxied]: external-dns creates records that are not proxied, so no request reaches the edge; set ${prefix}cloudflare-proxied: "true"`,
    ]);
    assert.deepEqual(
      await listFindings({ [`${prefix}ttl`]: "60", [`${prefix}cloudflare-proxied`]: "true" }, rules),
      [],
    );
  });

  test(`Lint reports nothing about an Ingress that external-dns ignores by ${prefix}controller`, async () => {
    const rules = ["external-dns-not-proxied"];
    assert.deepEqual(await listFindings({ [`${prefix}controller`]: "ignore", [`${prefix}ttl`]: "60" }, rules), []);
    const annotations = { [`${prefix}controller`]: "dns-controller" };
    assert.equal((await listFindings(annotations, rules)).length, 1);
  });
}

const AUTH = {
  [`${NGINX}auth-url`]: "http://shop.default.svc.cluster.local/oauth2/auth",
  [`${NGINX}auth-signin`]: "https://$host/oauth2/start?rd=$escaped_request_uri",
};

test("Lint reports a sign-in page behind its own gate, and the redirect", async () => {
  const paths = ["/", "/oauth2"].map((path) => [path, "Prefix"] as const);
  const findings = await lintIngresses([{ annotations: AUTH, paths }]);
  const loops = findings.filter(({ rule }) => rule === "sign-in-behind-itself");
  assert.deepEqual(
    loops.map(({ kind, field, message, remedy, url }) => ({ kind, field, message, remedy, url })),
    [
      {
        kind: "note",
        field: `metadata.annotations[${NGINX}auth-signin]`,
        message:
          "the sign-in page /oauth2/start is behind the same auth-url, so clients are redirected to it without an end",
        remedy: "move /oauth2 to an Ingress without auth-url",
        url: "http://shop.example.com/oauth2/start",
      },
    ],
  );
});

test("Lint reports no loop if another Ingress serves the sign-in page without authentication", async () => {
  const findings = await lintIngresses([
    { name: "app", annotations: AUTH },
    { name: "oauth2-proxy", paths: [["/oauth2", "Prefix"]] },
  ]);
  assert.deepEqual(
    findings.filter(({ rule }) => rule.endsWith("behind-itself")),
    [],
  );
});

test("Lint reports an authentication service that its own gate rejects", async () => {
  const annotations = { [`${NGINX}auth-url`]: "https://$host/oauth2/auth" };
  assert.deepEqual(await listFindings(annotations, ["auth-url-behind-itself"]), [
    `note metadata.annotations[${NGINX}auth-url]: the authentication service /oauth2/auth is behind the same auth-url, so every request is rejected; move /oauth2 to an Ingress without auth-url`,
  ]);
});

/** The findings about certificates of an Ingress with https. */
async function listUncovered(host: string, zones: readonly string[]): Promise<string[]> {
  const [service, ingress] = buildIngressList([{ tls: "any" }]).items;
  assert.ok(ingress && "rules" in ingress.spec);
  const [rule] = ingress.spec.rules;
  const object = { ...ingress, spec: { ...ingress.spec, rules: [{ ...rule, host }], tls: [{ hosts: [host] }] } };
  const cluster = parseCluster([service, object].map((entry) => ({ object: entry, source: "shop.yaml:1" })));
  const findings = await lint(cluster, { ...OPTIONS, zones }, rejectDecryption);
  return findings
    .filter(({ rule: name }) => name === "certificate-not-covered")
    .map(({ message, remedy }) => `${message}; ${remedy}`);
}

test("Lint reports hosts that Universal SSL does not cover, with the zone that it assumes", async () => {
  assert.deepEqual(await listUncovered("a.b.example.com", ["."]), [
    "Universal SSL covers example.com and one level below it, not a.b.example.com (zone example.com assumed; --zone sets it): https fails there; enable Total TLS, or order a certificate with Advanced Certificate Manager",
  ]);
  assert.deepEqual(await listUncovered("*.b.example.com", ["example.com"]), [
    "Universal SSL covers example.com and one level below it, not *.b.example.com: https fails there; enable Total TLS, or order a certificate with Advanced Certificate Manager",
  ]);
  for (const host of ["example.com", "a.example.com", "*.example.com", "a.shop.co.uk", "shop.co.uk"])
    assert.deepEqual(await listUncovered(host, ["."]), [], host);
  assert.deepEqual(await listUncovered("a.b.example.com", ["b.example.com"]), []);
});

test("A finding about a certificate is at the first rule with its host", async () => {
  const [service, ingress] = buildIngressList([{ tls: "any" }]).items;
  assert.ok(ingress && "rules" in ingress.spec);
  const [rule] = ingress.spec.rules;
  const rules = ["a.example.com", "a.example.com", "a.b.example.com"].map((host) => ({ ...rule, host }));
  const objects = [service, { ...ingress, spec: { ...ingress.spec, rules } }];
  const cluster = parseCluster(objects.map((object) => ({ object, source: "shop.yaml:1" })));
  const findings = await lint(cluster, { ...OPTIONS, zones: ["example.com"] }, rejectDecryption);
  const fields = findings.filter(({ rule: name }) => name === "certificate-not-covered").map(({ field }) => field);
  assert.deepEqual(fields, ["spec.rules[2].host"]);
});

test("Lint reports externalIPs of a used Service with the versions of Kubernetes that end them", async () => {
  const { items } = buildIngressList([{}]);
  const spec = { externalIPs: ["203.0.113.10"], ports: [{ port: 80 }] };
  const unused = { apiVersion: "v1", kind: "Service", metadata: { name: "unused" }, spec };
  const objects = [...items.slice(1), { ...items[0], spec }, unused];
  const cluster = parseCluster(objects.map((object) => ({ object, source: "shop.yaml:1" })));
  const findings = await lint(cluster, { ...OPTIONS, zones: ["."] }, rejectDecryption);
  assert.equal(findings.filter(({ rule }) => rule === "external-ips-deprecated").length, 1);
  const [finding] = findings.filter(({ rule }) => rule === "external-ips-deprecated");
  assert.partialDeepStrictEqual(finding, {
    kind: "note",
    object: "Service default/shop",
    field: "spec.externalIPs",
    message:
      "Kubernetes deprecates externalIPs since 1.36. As planned, they are off by default in 1.40 and removed in 1.43",
    remedy: "set type: LoadBalancer, and use its address",
  });
});
