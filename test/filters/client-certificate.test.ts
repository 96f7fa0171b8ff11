import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { after, before, test } from "node:test";
import { generate } from "selfsigned";
import { clientCertificate } from "../../src/filters/client-certificate.ts";
import { buildManifests } from "../support/manifests.ts";
import { sendRequest } from "../support/worker/http-requests.ts";
import { findOriginHeader, runFilter, stubExchange } from "../support/worker/sample-exchanges.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

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

for (const [verify, verdict, status] of VERDICTS) {
  test(`A client certificate with the verdict ${verdict} is answered with ${status} if auth-tls-verify-client is ${verify}`, async () => {
    const filter = clientCertificate({ type: "verified", verify, passes: false });
    const certificate = { ...VALID_CERTIFICATE, isPresented: verdict !== "NONE", verdict };
    const { result, forwarded } = await runFilter(filter, stubExchange(PAGE_URL, {}, {}, certificate));
    assert.equal(result.response.status, status);
    assert.equal(forwarded && findOriginHeader(forwarded, "ssl-client-verify"), status === 200 ? verdict : undefined);
  });
}

test("auth-tls-match-cn accepts a client certificate by its subject", async () => {
  const filter = clientCertificate({ type: "verified", verify: "on", passes: false, subject: "CN=client-[0-9]+," });
  const statusOf = async (subject: string) => {
    const { result } = await runFilter(filter, stubExchange(PAGE_URL, {}, {}, { ...VALID_CERTIFICATE, subject }));
    return result.response.status;
  };
  assert.equal(await statusOf("CN=client-7,O=Example"), 200);
  assert.equal(await statusOf("CN=Client-7,O=Example"), 403);
  assert.equal(await statusOf("O=Example"), 403);
  assert.equal(await statusOf(`CN=client-7,O=${"x".repeat(5000)}`), 403);
});

test("auth-tls-pass-certificate-to-upstream describes the client certificate to the origin", async () => {
  const filter = clientCertificate({ type: "verified", verify: "on", passes: true });
  const certificate = { ...VALID_CERTIFICATE, issuer: "CN=ü" };
  const { forwarded } = await runFilter(filter, stubExchange(PAGE_URL, {}, {}, certificate));
  assert.ok(forwarded);
  assert.equal(findOriginHeader(forwarded, "ssl-client-subject-dn"), "CN=client-7,O=Example");
  assert.equal(findOriginHeader(forwarded, "ssl-client-issuer-dn"), "CN=%C3%BC");
  assert.match(findOriginHeader(forwarded, "ssl-client-cert") ?? "", /^-----BEGIN%20CERTIFICATE-----%0AMIIB%0A/);
});

let edge: WorkerHarness;

before(async () => {
  edge = await startWorkerHarness({ echoOrigins: true });
  const annotations = {
    "auth-tls-secret": "default/client-ca",
    "auth-tls-verify-client": "optional_no_ca",
    "auth-tls-pass-certificate-to-upstream": "true",
    "auth-tls-match-cn": "CN=client-[0-9]+",
  };
  await edge.publish([
    ...buildManifests({ shop: { annotations } }, { shop: ["203.0.113.10"] }),
    { apiVersion: "v1", kind: "Secret", metadata: { name: "client-ca" }, stringData: { "ca.crt": "any" } },
  ]);
});

after(() => edge.close());

/** Sends a request with a self-signed certificate and a false claim about it. */
async function sendWithCertificate(commonName: string) {
  const name = [{ name: "commonName", value: commonName }];
  const { private: key, cert } = await generate(name, { keyType: "ec", algorithm: "sha256" });
  const headers = { "ssl-client-verify": "SUCCESS" };
  return { response: await sendRequest(edge, PAGE_URL, { headers, certificate: { key, cert } }), cert };
}

test("The origin receives the whole client certificate, and none of the client's claims about it", async () => {
  const { response, cert } = await sendWithCertificate("client-7");
  assert.equal(response.status, 200, edge.lines.at(-1));
  const { headers } = JSON.parse(response.body) as { headers: Record<string, string> };
  assert.equal(headers["ssl-client-verify"], "FAILED:self signed certificate");
  assert.equal(headers["ssl-client-subject-dn"], "CN=client-7");
  const received = new X509Certificate(decodeURIComponent(headers["ssl-client-cert"] ?? ""));
  assert.equal(received.fingerprint256, new X509Certificate(cert).fingerprint256);
});

test("auth-tls-match-cn rejects a client certificate of another subject", async () => {
  assert.equal((await sendWithCertificate("somebody")).response.status, 403);
});
