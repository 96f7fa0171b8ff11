import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { readState, writeState } from "../../../sync/publish/state/state.ts";
import { runEdgress } from "../../support/cli/edge-cli.ts";
import { args, startPublishAccount } from "../../support/cli/publish-command.ts";
import { sendRequest } from "../../support/worker/http-requests.ts";
import { startWorkerHarness } from "../../support/worker/worker-harness.ts";

const { edge, environment, folder, listWritesSince, openPublishedKv } = await startPublishAccount();

describe("edgress publish", () => {
  test("edgress publish adds the DNS records, then the rules, and the edge serves them", async () => {
    const from = edge.stack.account.requests.length;
    const { code, stdout, stderr } = await runEdgress(args, environment);
    assert.match(stdout, /^published generation=1 digest=[0-9a-f]{64} writes=4\n$/m);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.deepEqual(listWritesSince(from), [
      "POST dns_records/batch",
      "PUT bulk",
      "PUT values/generation%2F1",
      "PUT values/current",
    ]);
    const { status, body } = await sendRequest(edge, "http://foo.bar.com/foo/a");
    assert.equal(`${status} ${body}`, "200 service 1 /a");
  });

  test("edgress publish writes nothing if nothing changed", async () => {
    const from = edge.stack.account.requests.length;
    const { code, stdout } = await runEdgress(args, environment);
    assert.match(stdout, /^unchanged generation=1 digest=[0-9a-f]{64} writes=0\n$/);
    assert.equal(code, 0);
    assert.deepEqual(listWritesSince(from), []);
  });

  test("edgress publish overwrites the rules of a cluster only with --take-ownership", async () => {
    const { kv, signer } = openPublishedKv();
    const state = { cluster: "6e1b7d1c-4f9b", brokenSince: {}, ingresses: [], regexVerdicts: [] };
    await writeState(kv, signer, await readState(kv, signer), state);
    const from = edge.stack.account.requests.length;
    const result = await runEdgress(args, environment);
    assert.deepEqual(result, {
      code: 2,
      stdout: "",
      stderr:
        "edgress: this KV namespace belongs to another cluster: 6e1b7d1c-4f9b. " +
        "Use another KV namespace, or stop that cluster's controller and take ownership with --take-ownership\n",
    });
    assert.deepEqual(listWritesSince(from), []);
    const takeover = await runEdgress([...args, "--take-ownership"], environment);
    assert.match(takeover.stdout, /^unchanged generation=1 /);
    assert.deepEqual(listWritesSince(from), ["PUT values/state"]);
    assert.equal((await runEdgress(args, environment)).code, 0);
  });

  for (const name of [
    "CLOUDFLARE_ACCOUNT_ID",
    "EDGRESS_KV_NAMESPACE_ID",
    "CLOUDFLARE_API_TOKEN",
    "EDGRESS_SIGNING_KEY",
  ]) {
    test(`edgress publish without ${name} exits with 2 and one line`, async () => {
      const { [name]: _, ...otherVariables } = environment;
      const { code, stdout, stderr } = await runEdgress(args, otherVariables);
      assert.match(stderr, new RegExp(`^edgress: the environment variable ${name} is not set: .+\n$`));
      assert.deepEqual([code, stdout], [2, ""]);
    });
  }

  test("edgress publish reports an invalid signing key in one line, without the key", async () => {
    const { code, stderr } = await runEdgress(args, { ...environment, EDGRESS_SIGNING_KEY: "c2VjcmV0" });
    assert.match(stderr, /^edgress: .*EDGRESS_SIGNING_KEY.*\n$/);
    assert.ok(!stderr.includes("c2VjcmV0"));
    assert.equal(code, 2);
  });

  test("edgress publish reports an invalid object, exits with 1 and publishes the other objects", async () => {
    const rule = (host: string, name: string) =>
      `  - { host: ${host}, http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: ${name}, port: { number: 80 } } } }] } }`;
    await writeFile(
      join(folder, "all.yaml"),
      [
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: { name: shop }\nspec:\n  ingressClassName: edgress\n  rules:",
        rule("good.bar.com", "web"),
        rule("bad.bar.com", "missing"),
        rule("inside.bar.com", "inside"),
        "---\napiVersion: v1\nkind: Service\nmetadata: { name: web }\nspec: { externalIPs: [203.0.113.11], ports: [{ port: 80 }] }",
        "---\napiVersion: v1\nkind: Service\nmetadata: { name: inside }\nspec: { externalIPs: [127.0.0.1], ports: [{ port: 80 }] }",
      ].join("\n"),
    );
    const { code, stdout } = await runEdgress(["publish", "--manifests", folder], environment);
    assert.match(
      stdout,
      /^error Ingress default\/shop spec\.rules\[1\].*Service not found: default\/missing.*ServiceNotFound/m,
    );
    assert.match(
      stdout,
      /^error Service default\/inside spec\.externalIPs: address not permitted as an origin: 127\.0\.0\.1 .*OriginNotPermitted/m,
    );
    // That of the second Service of the examples, which were published before.
    assert.match(
      stdout,
      /^note 1 DNS record is not needed by any rule: edgress-[0-9a-f]{24}\.bar\.com\. The first run /m,
    );
    assert.match(stdout, /^published generation=2 /m);
    assert.equal(code, 1);
  });
});

test("edgress keys prints a key pair with which the controller signs and the Worker verifies", async () => {
  const { code, stdout } = await runEdgress(["keys"]);
  assert.equal(code, 0);
  const [, privateKey = "", publicKey = ""] =
    /^EDGRESS_SIGNING_KEY=(\S+)\nEDGRESS_VERIFYING_KEY=(\S+)\nEDGRESS_ENCRYPTION_KEY=\S+\nEDGRESS_DECRYPTION_KEY=\S+\n$/.exec(
      stdout,
    ) ?? [];
  assert.equal(Buffer.from(publicKey, "base64").length, 32);
  const other = await startWorkerHarness({ zones: ["bar.com"], variables: { EDGRESS_VERIFYING_KEY: publicKey } });
  const { account } = other.stack;
  const published = await runEdgress(args, {
    ...environment,
    CLOUDFLARE_BASE_URL: account.baseURL,
    EDGRESS_SIGNING_KEY: privateKey,
  });
  assert.equal(published.code, 0);
  const { status } = await sendRequest(other, "http://foo.bar.com/.well-known/edgress/health");
  await other.close();
  assert.equal(status, 200);
});
