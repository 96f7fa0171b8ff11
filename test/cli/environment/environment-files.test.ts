import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { LocalAccount } from "../../../sync/local/account/account.ts";
import { generateSigningKeys } from "../../../sync/publish/sign-manifest.ts";
import { ApiServer } from "../../support/api-server.ts";
import { EXAMPLES, runEdgress } from "../../support/cli/edge-cli.ts";
import { buildEnvironment, startMemoryAccount } from "../../support/controller/memory-account.ts";
import { buildIngressManifest } from "../../support/manifests.ts";
import { MemoryKv } from "../../support/memory-kv.ts";

const NAMES = [
  "CLOUDFLARE_ACCOUNT_ID",
  "CLOUDFLARE_API_TOKEN",
  "EDGRESS_KV_NAMESPACE_ID",
  "EDGRESS_SIGNING_KEY",
  "EDGRESS_ENCRYPTION_KEY",
];

let account: LocalAccount;
let server: ApiServer;
let folder: string;
let variables: Record<string, string>;
let files: Record<string, string>;

before(async () => {
  account = await startMemoryAccount(["example.com", "bar.com"], new MemoryKv(), () => {});
  server = await ApiServer.start();
  server.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "kube-system" } });
  // Every line about this Ingress contains the token.
  server.apply(buildIngressManifest(account.token, "shop.example.com", { "/": "none" }));
  folder = await mkdtemp(join(tmpdir(), "edgress-environment-files-"));
  await writeFile(join(folder, "kubeconfig"), server.kubeconfigText);
  variables = buildEnvironment(account, generateSigningKeys().privateKey);
  for (const name of NAMES) await writeFile(join(folder, name), `\n${variables[name]} \n`);
  files = {
    KUBECONFIG: join(folder, "kubeconfig"),
    CLOUDFLARE_BASE_URL: account.baseURL,
    ...Object.fromEntries(NAMES.map((name) => [`${name}_FILE`, join(folder, name)])),
  };
});

after(async () => {
  await rm(folder, { recursive: true });
  await server.stop();
  await account.close();
});

describe("variables from files", () => {
  test("edgress sync takes the account and the keys from files, and never logs their content", async () => {
    const { code, stdout, stderr } = await runEdgress(["sync", "--once", "--log-level", "debug"], files);
    assert.equal(stderr, "");
    assert.match(stdout, /"msg":"published generation=1 /);
    assert.match(stdout, /"object":"Ingress default\/\[redacted\]"/);
    assert.ok(!stdout.includes(account.token));
    assert.equal(code, 1); // the Service of the Ingress does not exist
  });

  test("edgress publish takes the account and the keys from files", async () => {
    const args = ["publish", "--manifests", join(EXAMPLES, "fanout"), "--watch-ingress-without-class"];
    const { code, stdout, stderr } = await runEdgress([...args, "--take-ownership"], files);
    assert.equal(stderr, "");
    assert.match(stdout, /^published generation=2 /m);
    assert.equal(code, 0);
  });

  for (const name of NAMES) {
    test(`${name} as a value and as a file is an error in one line`, async () => {
      const both = { ...files, [name]: variables[name] ?? "" };
      const { code, stdout, stderr } = await runEdgress(["sync", "--once"], both);
      assert.equal(stderr, `edgress: ${name} and ${name}_FILE are mutually exclusive. Set one of them\n`);
      assert.equal(stdout, "");
      assert.equal(code, 2);
    });
  }

  for (const command of ["sync", "publish"]) {
    const args = command === "sync" ? ["sync", "--once"] : ["publish", "--manifests", join(EXAMPLES, "fanout")];

    test(`edgress ${command} names the variable and the path of a missing file in one line`, async () => {
      const path = join(folder, "none");
      const { code, stderr } = await runEdgress(args, { ...files, EDGRESS_SIGNING_KEY_FILE: path });
      assert.equal(
        stderr,
        `edgress: EDGRESS_SIGNING_KEY_FILE is not readable: ${path} (ENOENT). Set the path of a readable file\n`,
      );
      assert.equal(code, 2);
    });

    test(`edgress ${command} names the variable and the path of a folder in one line`, async () => {
      const { code, stderr } = await runEdgress(args, { ...files, CLOUDFLARE_API_TOKEN_FILE: folder });
      assert.equal(
        stderr,
        `edgress: CLOUDFLARE_API_TOKEN_FILE is not readable: ${folder} (EISDIR). Set the path of a readable file\n`,
      );
      assert.equal(code, 2);
    });

    test(`edgress ${command} names the variable and the path of an empty file in one line`, async () => {
      const path = join(folder, "empty");
      await writeFile(path, " \n");
      const { code, stderr } = await runEdgress(args, { ...files, EDGRESS_ENCRYPTION_KEY_FILE: path });
      assert.equal(stderr, `edgress: EDGRESS_ENCRYPTION_KEY_FILE is empty: ${path}. Write the value to this file\n`);
      assert.equal(code, 2);
    });
  }
});
