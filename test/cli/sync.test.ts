import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { generateEncryptionKeys } from "../../sync/publish/encrypt-secrets.ts";
import { ApiServer } from "../support/api-server.ts";
import { runEdgress } from "../support/cli/edge-cli.ts";
import { buildEnvironment } from "../support/controller/memory-account.ts";
import { buildIngressManifest, buildServiceManifest } from "../support/manifests.ts";
import { KEYS } from "../support/publish/signing.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

const keys = KEYS;
const encryptionKeys = generateEncryptionKeys();
let edge: WorkerHarness;
let server: ApiServer;
let folder: string;
let environment: Record<string, string>;

before(async () => {
  edge = await startWorkerHarness({ variables: { EDGRESS_VERIFYING_KEY: keys.publicKey } });
  server = await ApiServer.start();
  server.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "kube-system" } });
  folder = await mkdtemp(join(tmpdir(), "edgress-cli-sync-"));
  await writeFile(join(folder, "kubeconfig"), server.kubeconfigText);
  const { account } = edge.stack;
  environment = {
    KUBECONFIG: join(folder, "kubeconfig"),
    ...buildEnvironment(account, keys.privateKey),
    EDGRESS_ENCRYPTION_KEY: encryptionKeys.publicKey,
  };
});

after(async () => {
  await rm(folder, { recursive: true });
  await server.stop();
  await edge.close();
});

const ENVIRONMENT_KEYS = [
  "CLOUDFLARE_ACCOUNT_ID",
  "EDGRESS_KV_NAMESPACE_ID",
  "EDGRESS_SIGNING_KEY",
  "EDGRESS_ENCRYPTION_KEY",
];

describe("invalid arguments of edgress sync", () => {
  for (const name of ENVIRONMENT_KEYS) {
    test(`edgress sync without ${name} exits with 2 and one line`, async () => {
      const { [name]: _, ...otherVariables } = environment;
      const { code, stderr } = await runEdgress(["sync", "--health-port", "0"], otherVariables);
      assert.match(stderr, new RegExp(`^edgress: the environment variable ${name} is not set: .+\n$`));
      assert.equal(code, 2);
    });
  }

  test("edgress sync reports an invalid encryption key in one line, with exit code 2", async () => {
    const wrongEnvironment = { ...environment, EDGRESS_ENCRYPTION_KEY: "none" };
    const { code, stderr } = await runEdgress(["sync", "--health-port", "0"], wrongEnvironment);
    assert.equal(stderr, "edgress: EDGRESS_ENCRYPTION_KEY is invalid. Set a key from `edgress keys`\n");
    assert.equal(code, 2);
  });

  test("edgress sync reports a missing kubeconfig in one line, with exit code 2", async () => {
    const wrongEnvironment = { ...environment, KUBECONFIG: join(folder, "none") };
    const { code, stderr } = await runEdgress(["sync", "--health-port", "0"], wrongEnvironment);
    assert.match(stderr, /^edgress: kubeconfig is not readable: .+\n$/);
    assert.equal(code, 2);
  });

  test("edgress sync rejects permits from two sources in one line, with exit code 2", async () => {
    const { code, stderr } = await runEdgress(
      ["sync", "--permits", "a.yaml", "--permits-config-map", "a"],
      environment,
    );
    assert.equal(stderr, "edgress: --permits and --permits-config-map are mutually exclusive. Set one of them\n");
    assert.equal(code, 2);
  });

  test("edgress sync reports an invalid status address in one line, with exit code 2", async () => {
    const { code, stderr } = await runEdgress(["sync", "--publish-status-address", "Edge_1"], environment);
    assert.match(stderr, /^edgress: .*Edge_1.* must be an IP address or a host name in lower case\n$/);
    assert.equal(code, 2);
  });
});

describe("edgress sync --once and --dry-run", () => {
  before(() => {
    server.apply(buildIngressManifest("shop", "shop.example.com", { "/": "web" }));
    server.apply(buildServiceManifest("web", ["203.0.113.10"]));
  });

  test("edgress sync --dry-run prints the changes and writes nothing", async () => {
    const [accountRequestCount, serverRequestCount] = [edge.stack.account.requests.length, server.requests.length];
    const { code, stdout } = await runEdgress(["sync", "--dry-run"], environment);
    assert.match(stdout, /^\+ route shop\.example\.com prefix \/ of default\/shop$/m);
    assert.match(stdout, /^would publish 1 host with 1 route; generation 0 is active$/m);
    assert.equal(code, 2);
    const reads = (path: string) => path.endsWith("/bulk/get");
    assert.deepEqual(
      edge.stack.account.requests
        .slice(accountRequestCount)
        .filter(({ method, path }) => method !== "GET" && !reads(path)),
      [],
    );
    assert.deepEqual(
      server.requests.slice(serverRequestCount).filter(({ method }) => method !== "GET"),
      [],
    );
  });

  test("edgress plan --live plans the cluster, names the Ingress of each route, and writes nothing", async () => {
    const from = edge.stack.account.requests.length;
    const { code, stdout, stderr } = await runEdgress(["plan", "--live"], environment);
    assert.match(
      stdout,
      /^\+ host shop\.example\.com\n {2}\+ prefix \/ of default\/shop \(networking\.k8s\.io\/v1\)$/m,
    );
    assert.match(stdout, /^plan: would publish 1 host; generation 0 is active$/m);
    assert.deepEqual([code, stderr], [2, ""]);
    const writes = edge.stack.account.requests.slice(from).filter(({ method }) => method === "PUT");
    assert.deepEqual(writes, []);
  });

  test("edgress sync --once publishes, reports and releases the Lease", async () => {
    const { code, stdout } = await runEdgress(["sync", "--once"], environment);
    assert.match(stdout, /"msg":"published generation=1 /);
    assert.equal(code, 0);
    const [lease] = server.objects("Lease", "default") as { spec?: { holderIdentity?: string } }[];
    assert.equal(lease?.spec?.holderIdentity, "");
    const [shop] = server.objects("Ingress", "default") as { metadata: { annotations?: Record<string, string> } }[];
    assert.equal(shop?.metadata.annotations?.["edgress.dev/live-generation"], "1");
  });

  test("A second edgress sync --once writes nothing to the account", async () => {
    const requestCount = edge.stack.account.requests.length;
    const { code } = await runEdgress(["sync", "--once"], environment);
    assert.equal(code, 0);
    const writes = edge.stack.account.requests.slice(requestCount).filter(({ method }) => method === "PUT");
    assert.deepEqual(writes, []);
  });

  test("edgress sync --once exits with 1 if a route is dropped", async () => {
    server.apply(buildIngressManifest("lost", "lost.example.com", { "/": "nothing" }));
    const { code, stdout } = await runEdgress(["sync", "--once"], environment);
    assert.match(stdout, /"reason":"ServiceNotFound"/);
    assert.equal(code, 1);
  });

  test("edgress sync --once exits with 1 and publishes nothing if the permits are unreadable", async () => {
    const requestCount = edge.stack.account.requests.length;
    await writeFile(join(folder, "permits.yaml"), "claims:\n  - namespaces: [shop]\n    host: [a]\n");
    const { code, stdout } = await runEdgress(
      ["sync", "--once", "--permits", join(folder, "permits.yaml")],
      environment,
    );
    assert.match(stdout, /permits\.yaml: claims\[0\]/);
    assert.equal(code, 1);
    assert.deepEqual(
      edge.stack.account.requests.slice(requestCount).filter(({ method }) => method === "PUT"),
      [],
    );
  });
});
