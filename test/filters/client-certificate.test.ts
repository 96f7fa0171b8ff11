import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request as requestHttps } from "node:https";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { generate } from "selfsigned";
import { clientCertificate } from "../../src/filters/client-certificate.ts";
import { parseManifest } from "../../sync/collect/manifests.ts";
import { parseCluster } from "../../sync/collect/parse-objects.ts";
import { type EchoHarness, startEchoHarness } from "../support/fixture-worker.ts";
import { findOriginHeader, runFilter, stubExchange } from "../support/sample-exchanges.ts";

const VALID_CERTIFICATE = {
  isPresented: true,
  verdict: "SUCCESS",
  subject: "CN=client-7,O=Example",
  issuer: "CN=ca",
  der: "MIIB",
};
const PAGE_URL = "https://shop.example.com/";

const VERDICTS: readonly (readonly [
  verify: "on" | "off" | "optional" | "optional_no_ca",
  verdict: string,
  status: number,
])[] = [
  ["on", "SUCCESS", 200],
  ["on", "NONE", 400],
  ["on", "FAILED:self signed certificate", 400],
  ["on", "FAILED", 400],
  ["optional", "SUCCESS", 200],
  ["optional", "NONE", 200],
  ["optional", "FAILED:self signed certificate", 400],
  ["optional_no_ca", "NONE", 200],
  ["optional_no_ca", "FAILED:self signed certificate", 200],
  ["optional_no_ca", "FAILED:unable to verify the first certificate", 200],
  ["optional_no_ca", "FAILED:certificate has expired", 400],
  ["optional_no_ca", "FAILED:certificate revoked", 400],
  ["optional_no_ca", "FAILED", 400],
  ["off", "FAILED", 200],
];

describe("a client certificate", () => {
  for (const [verify, verdict, status] of VERDICTS) {
    test(`that Cloudflare finds ${verdict} is answered ${status} where it is ${verify}`, async () => {
      const filter = clientCertificate({ type: "verified", verify, passes: false });
      const certificate = { ...VALID_CERTIFICATE, isPresented: verdict !== "NONE", verdict };
      const { answer, handedOn } = await runFilter(filter, stubExchange(PAGE_URL, {}, {}, certificate));
      assert.equal(answer.response.status, status);
      assert.equal(handedOn && findOriginHeader(handedOn, "ssl-client-verify"), status === 200 ? verdict : undefined);
    });
  }

  test("is looked at by its subject", async () => {
    const filter = clientCertificate({ type: "verified", verify: "on", passes: false, subject: "CN=client-[0-9]+," });
    const statusOf = async (subject: string) =>
      (await runFilter(filter, stubExchange(PAGE_URL, {}, {}, { ...VALID_CERTIFICATE, subject }))).answer.response
        .status;
    assert.equal(await statusOf("CN=client-7,O=Example"), 200);
    assert.equal(await statusOf("CN=Client-7,O=Example"), 403);
    assert.equal(await statusOf("O=Example"), 403);
    assert.equal(await statusOf(`CN=client-7,O=${"x".repeat(5000)}`), 403);
  });

  test("is described to the origin", async () => {
    const filter = clientCertificate({ type: "verified", verify: "on", passes: true });
    const { handedOn } = await runFilter(
      filter,
      stubExchange(PAGE_URL, {}, {}, { ...VALID_CERTIFICATE, issuer: "CN=ü" }),
    );
    assert.ok(handedOn);
    assert.equal(findOriginHeader(handedOn, "ssl-client-subject-dn"), "CN=client-7,O=Example");
    assert.equal(findOriginHeader(handedOn, "ssl-client-issuer-dn"), "CN=%C3%BC");
    assert.match(findOriginHeader(handedOn, "ssl-client-cert") ?? "", /^-----BEGIN%20CERTIFICATE-----%0AMIIB%0A/);
  });
});

const MANIFEST = `
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { externalIPs: [203.0.113.10], ports: [{ port: 80 }] }
---
apiVersion: v1
kind: Secret
metadata: { name: client-ca }
stringData: { ca.crt: any }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  annotations:
    nginx.ingress.kubernetes.io/auth-tls-secret: default/client-ca
    nginx.ingress.kubernetes.io/auth-tls-verify-client: optional_no_ca
    nginx.ingress.kubernetes.io/auth-tls-pass-certificate-to-upstream: "true"
    nginx.ingress.kubernetes.io/auth-tls-match-cn: CN=client-[0-9]+
spec:
  rules:
    - host: shop.example.com
      http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }] }
`;

describe("at the edge", () => {
  let edge: EchoHarness;
  before(async () => {
    edge = await startEchoHarness(["example.com"]);
    const parsed = parseManifest(MANIFEST, "in.yaml");
    await edge.publish(parseCluster("objects" in parsed ? parsed.objects : []));
  });
  after(() => edge.close());

  async function ask(commonName: string) {
    const name = [{ name: "commonName", value: commonName }];
    const { private: key, cert } = await generate(name, { keyType: "ec", algorithm: "sha256" });
    const { port } = edge.stack.https;
    const options = { host: "127.0.0.1", port, key, cert, rejectUnauthorized: false, agent: false as const };
    const sent = requestHttps({
      ...options,
      headers: { Host: "shop.example.com", "ssl-client-verify": "SUCCESS" },
    }).end();
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    return { status: response.statusCode, body: await text(response), cert };
  }

  test("a certificate reaches the origin whole, and what the client claims of it does not", async () => {
    const { status, body, cert } = await ask("client-7");
    assert.equal(status, 200);
    const { headers } = JSON.parse(body) as { headers: Record<string, string> };
    assert.equal(headers["ssl-client-verify"], "FAILED:self signed certificate");
    assert.equal(headers["ssl-client-subject-dn"], "CN=client-7");
    const arrived = new X509Certificate(decodeURIComponent(headers["ssl-client-cert"] ?? ""));
    assert.equal(arrived.fingerprint256, new X509Certificate(cert).fingerprint256);
  });

  test("a certificate of another subject is turned away", async () => {
    assert.equal((await ask("somebody")).status, 403);
  });
});
