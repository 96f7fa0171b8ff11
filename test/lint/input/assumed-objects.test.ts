import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { buildIngressFrom, NGINX } from "../../support/cli/lint.ts";
import { lintToJson, withFolder } from "../../support/cli/lint-command.ts";

const basicAuth = { [`${NGINX}auth-type`]: "basic", [`${NGINX}auth-secret`]: "staff" };

function buildInput(annotations: Readonly<Record<string, string>>, port: object = { number: 80 }): string {
  const ingress = buildIngressFrom({ annotations });
  const backend = { service: { name: "cart", port } };
  const rules = [{ host: "shop.example.com", http: { paths: [{ path: "/cart/", pathType: "Prefix", backend }] } }];
  return JSON.stringify({ apiVersion: "v1", kind: "List", items: [{ ...ingress, spec: { rules } }] });
}

describe("objects that the manifests do not contain", () => {
  test("A Service and a Secret in no file are assumed, and listed as not checked", async () => {
    const { code, report } = await lintToJson(["-"], buildInput(basicAuth));
    assert.equal(code, 0);
    assert.deepEqual(report.uncheckedObjects, [
      { kind: "Service", namespace: "default", name: "cart" },
      { kind: "Secret", namespace: "default", name: "staff" },
    ]);
    const redirect = report.findings.find(({ rule }) => rule === "slash-redirect");
    assert.deepEqual([redirect?.url, redirect?.edgress], ["http://shop.example.com/cart", "401"]);
    assert.deepEqual(
      report.hosts.map(({ name, verdict }) => [name, verdict]),
      [["shop.example.com", "now"]],
    );
  });

  test("A missing Secret with one key per user is assumed too", async () => {
    const { report } = await lintToJson(["-"], buildInput({ ...basicAuth, [`${NGINX}auth-secret-type`]: "auth-map" }));
    assert.deepEqual(
      report.findings.filter(({ kind }) => kind === "error"),
      [],
    );
  });

  test("A port name of a Service in no file is assumed to exist", async () => {
    const { report } = await lintToJson(["-"], buildInput({}, { name: "web" }));
    const redirect = report.findings.find(({ rule }) => rule === "slash-redirect");
    assert.equal(redirect?.edgress, "default/cart:80");
  });

  test("A port of a Service in no file is an error if Cloudflare does not proxy it", async () => {
    const { code, report } = await lintToJson(["-"], buildInput({}, { number: 9000 }));
    assert.equal(code, 1);
    assert.equal(report.findings[0]?.rule, "PortNotProxied");
  });

  test("A Service that only an annotation names is assumed in its namespace", async () => {
    const annotations = {
      [`${NGINX}auth-url`]: "http://oauth2-proxy.auth.svc.cluster.local:8080/verify",
      [`${NGINX}default-backend`]: "pages",
    };
    const { code, report } = await lintToJson(["-"], buildInput(annotations));
    assert.equal(code, 0);
    assert.deepEqual(report.uncheckedObjects, [
      { kind: "Service", namespace: "auth", name: "oauth2-proxy" },
      { kind: "Service", namespace: "default", name: "cart" },
      { kind: "Service", namespace: "default", name: "pages" },
    ]);
  });

  test("A ConfigMap in no file is assumed", async () => {
    const annotations = { [`${NGINX}custom-headers`]: "default/headers" };
    const { code, report } = await lintToJson(["-"], buildInput(annotations));
    assert.equal(code, 0);
    assert.deepEqual(report.uncheckedObjects[1], { kind: "ConfigMap", namespace: "default", name: "headers" });
  });

  test("An assumed Service has an address that the permits list for its namespace", async () => {
    const permits = "origins:\n  - namespaces: [default]\n    addresses: [192.0.2.0/24]\n";
    await withFolder({ "permits.yaml": permits }, async (folder) => {
      const { code } = await lintToJson(["-", "--permits", `${folder}/permits.yaml`], buildInput({}));
      assert.equal(code, 0);
    });
  });

  test("edgress lint --strict reports missing objects as errors, and lists none as not checked", async () => {
    const { code, report } = await lintToJson(["-", "--strict"], buildInput(basicAuth));
    assert.equal(code, 1);
    assert.deepEqual(
      report.findings.filter(({ kind }) => kind === "error").map(({ rule, message }) => [rule, message]),
      [
        ["RouteFailedClosed", "Secret not found: default/staff"],
        ["ServiceNotFound", "Service not found: default/cart"],
      ],
    );
    assert.deepEqual(report.uncheckedObjects, []);
  });

  test("A TLS Secret is never reported, because Cloudflare has the certificate", async () => {
    const ingress = buildIngressFrom({ tls: "never-made" });
    const input = JSON.stringify({ apiVersion: "v1", kind: "List", items: [ingress] });
    for (const args of [["-"], ["-", "--strict"]]) {
      const { report } = await lintToJson(args, input);
      assert.ok(!report.findings.some(({ rule }) => rule === "TLSSecretNotFound"));
    }
  });
});
