import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ApiServer } from "../support/api-server.ts";
import { runShell, sendDevRequest } from "../support/cli/dev-requests.ts";
import { CLI_ENTRY, type DevProcess, EXAMPLES, NODE, runEdgress, startDevProcess } from "../support/cli/edge-cli.ts";
import { buildIngressManifest, buildServiceManifest } from "../support/manifests.ts";

const FANOUT = join(EXAMPLES, "fanout");
const PUBLISH = `'${NODE}' '${CLI_ENTRY}' publish -f '${FANOUT}' --watch-ingress-without-class`;

const PRIVATE_ORIGINS = "origins:\n  - namespaces: ['*']\n    addresses: [10.0.0.0/8]\n";

let dev: DevProcess;
let folder: string;
let exports: readonly string[];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "edgress-rehearsal-"));
  dev = await startDevProcess(["--account-port", "0", "--print-env", "--echo-origins"]);
  exports = dev.lines.filter((line) => line.startsWith("export "));
});

after(async () => {
  await dev.end();
  await rm(folder, { recursive: true });
});

/** Runs a command in a shell with the printed variables. */
async function runWithVariables(command: string): Promise<string> {
  await writeFile(join(folder, "dev.log"), dev.lines.join("\n"));
  return runShell(`cd '${folder}' && eval "$(grep ^export dev.log)"\n${command}`);
}

test("edgress dev --account-port prints the variables of its account, and publishes nothing", async () => {
  assert.deepEqual(
    exports.map((line) => /^export (\w+)='[^']+'$/.exec(line)?.[1]),
    [
      "CLOUDFLARE_BASE_URL",
      "CLOUDFLARE_API_TOKEN",
      "CLOUDFLARE_ACCOUNT_ID",
      "CLOUDFLARE_ZONE_ID",
      "EDGRESS_KV_NAMESPACE_ID",
      "EDGRESS_SIGNING_KEY",
      "EDGRESS_VERIFYING_KEY",
      "EDGRESS_ENCRYPTION_KEY",
      "EDGRESS_STATUS_TOKEN",
    ],
  );
  assert.match(dev.lines.at(-1) ?? "", /^ready http=\S+ https=\S+ account=http:\/\/127\.0\.0\.1:\d+\/client\/v4$/);
  assert.equal((await sendDevRequest(dev, "foo.bar.com", "/foo")).status, 503);
});

test("edgress publish with the printed variables publishes, and the edge of edgress dev serves the rules", async () => {
  assert.match(await runWithVariables(PUBLISH), /^published generation=1 /m);
  await dev.waitForLine(/^serving generation=1$/);
  const { status, echoed } = await sendDevRequest(dev, "foo.bar.com", "/foo/a");
  assert.equal(status, 200);
  assert.equal(echoed?.path, "/a");
  assert.match(await runWithVariables(PUBLISH), /^unchanged generation=1 /m);
});

test("edgress publish reads manifests from standard input", async () => {
  const parts = await Promise.all(
    ["ingress.yaml", "services.yaml"].map((name) => readFile(join(FANOUT, name), "utf8")),
  );
  const changed = parts.join("\n---\n").replace("path: /foo", "path: /fuu");
  const environment = Object.fromEntries(exports.map((line) => /^export (\w+)='(.*)'$/.exec(line)?.slice(1) ?? []));
  const { code, stdout } = await runEdgress(
    ["publish", "-f", "-", "--watch-ingress-without-class"],
    environment,
    changed,
  );
  assert.equal(code, 0, stdout);
  await dev.waitForLine(/^serving generation=2$/);
  assert.equal((await sendDevRequest(dev, "foo.bar.com", "/fuu")).status, 200);
});

test("The edge has the keys of the printed variables, for its generation and for secrets", async () => {
  const curl = `curl -s -H "Authorization: Bearer $EDGRESS_STATUS_TOKEN" ${dev.http.origin}/.well-known/edgress/generation`;
  assert.equal((JSON.parse(await runWithVariables(curl)) as { generation: number }).generation, 2);
});

test("edgress sync with the printed variables publishes a cluster to the edge of edgress dev", async (context) => {
  const server = await ApiServer.start();
  context.after(() => server.stop());
  await writeFile(join(folder, "kubeconfig"), server.kubeconfigText);
  server.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "kube-system" } });
  server.apply(buildServiceManifest("web", ["203.0.113.20"]));
  server.apply(buildIngressManifest("shop", "shop.example.com", { "/": "web" }));
  const sync = `KUBECONFIG='${folder}/kubeconfig' '${NODE}' '${CLI_ENTRY}' sync --once --health-port 0`;
  await runWithVariables(sync);
  await dev.waitForLine(/^serving generation=3$/);
  assert.equal((await sendDevRequest(dev, "shop.example.com", "/")).status, 200);
});

test("The local account of a rehearsal rejects an address that Cloudflare rejects", async () => {
  const file = join(folder, "private.json");
  const items = [
    buildIngressManifest("private", "private.example.com", { "/": "private" }),
    buildServiceManifest("private", ["10.0.0.1"]),
  ];
  await writeFile(file, JSON.stringify({ apiVersion: "v1", kind: "List", items }));
  const permits = join(folder, "permits.yaml");
  await writeFile(permits, PRIVATE_ORIGINS);
  const command = `'${NODE}' '${CLI_ENTRY}' publish -f '${file}' --permits '${permits}' --take-ownership --allow-mass-deletion || true`;
  assert.match(await runWithVariables(command), /10\.0\.0\.1.*DNSRecordRejected/);
});
