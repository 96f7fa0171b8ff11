import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { generateCertificate } from "../../../sync/local/network/certificates.ts";
import { buildUpload, callAccount } from "../../support/account/call-account.ts";
import { startPublishFolder } from "../../support/cli/publish-folder.ts";
import { INGRESS_CLASS } from "../../support/controller/controller-harness.ts";
import { buildIngressManifest, buildServiceManifest } from "../../support/manifests.ts";

const { account, kv, write, publish } = await startPublishFolder();
const WEB = buildServiceManifest("web", ["203.0.113.10"]);
const HOST = "shop.example.com";

function buildSecret({ cert, key }: { readonly cert: string; readonly key: string }): object {
  const encode = (text: string) => Buffer.from(text).toString("base64");
  const data = { "tls.crt": encode(cert), "tls.key": encode(key) };
  return { apiVersion: "v1", kind: "Secret", metadata: { name: "shop-tls" }, type: "kubernetes.io/tls", data };
}

async function publishCertificate(secret: object | undefined, ...args: readonly string[]): Promise<string> {
  const ingress = buildIngressManifest("shop", HOST, { "/": "web" });
  const tls = secret ? [{ hosts: [HOST], secretName: "shop-tls" }] : undefined;
  await write(INGRESS_CLASS, WEB, ...(secret ? [secret] : []), {
    ...ingress,
    spec: { ...ingress.spec, ...(tls && { tls }) },
  });
  const { stdout } = await publish(["--manage-hosts", "--upload-certificates", ...args]);
  return stdout;
}

/** Returns the ids of uploaded certificates with their expiry. */
async function listUploaded(): Promise<readonly { id: string; hosts: readonly string[] }[]> {
  return (await callAccount(account, `GET /zones/${account.zoneIds[0]}/custom_certificates`)).result;
}

before(async () => {
  await callAccount(
    account,
    "PUT /workers/scripts/edgress",
    buildUpload('export default { fetch: () => new Response("") };'),
  );
});

describe("edgress publish --upload-certificates", () => {
  test("A plan without uploaded certificates is a diagnostic", async () => {
    const stdout = await publishCertificate(buildSecret(await generateCertificate(HOST)));
    assert.match(
      stdout,
      /^error Ingress default\/shop .*: the plan pro of zone example\.com has no uploaded certificates; .*\(CertificateNotUploaded,/m,
    );
  });

  test("A certificate is uploaded once, and replaced when the Secret changes; no output or key of KV has its private key", async () => {
    account.zoneStore.change("example.com", { plan: "business" });
    const first = await generateCertificate(HOST);
    const stdout = await publishCertificate(buildSecret(first));
    assert.match(stdout, /^\+ certificate shop\.example\.com from Secret default\/shop-tls$/m, stdout);
    const [uploaded] = await listUploaded();
    assert.deepEqual(uploaded?.hosts, [HOST]);
    assert.doesNotMatch(await publishCertificate(buildSecret(first)), /certificate shop/);
    const second = await generateCertificate(HOST);
    assert.match(await publishCertificate(buildSecret(second)), /^~ certificate shop\.example\.com from Secret/m);
    assert.equal((await listUploaded()).length, 1);
    const keyLine = first.key.split("\n")[1] ?? "";
    for (const text of [stdout, ...kv.values.values()]) assert.ok(!text.includes(keyLine));
  });

  test("A certificate with a name that the Ingress does not have is not uploaded, and the last one stays", async () => {
    const secret = buildSecret(await generateCertificate("other.example.com"));
    const stdout = await publishCertificate(secret, "--host-grace", "0");
    assert.match(stdout, /: the certificate has the name other\.example\.com, which no host of the Ingress has; /);
    assert.deepEqual(
      (await listUploaded()).map(({ hosts }) => hosts),
      [[HOST]],
    );
  });

  test("An unused certificate is removed after the grace", async () => {
    await publishCertificate(undefined);
    assert.equal((await listUploaded()).length, 1);
    assert.match(
      await publishCertificate(undefined, "--host-grace", "0"),
      /^- certificate shop\.example\.com from Secret/m,
    );
    assert.deepEqual(await listUploaded(), []);
  });
});
