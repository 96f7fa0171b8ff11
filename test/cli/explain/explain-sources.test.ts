import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { stringify } from "yaml";
import type { LocalAccount } from "../../../sync/local/account/account.ts";
import { generateSigningKeys } from "../../../sync/publish/sign-manifest.ts";
import { ApiServer } from "../../support/api-server.ts";
import { runEdgress } from "../../support/cli/edge-cli.ts";
import { buildEnvironment, startMemoryAccount } from "../../support/controller/memory-account.ts";
import { buildIngressManifest, buildServiceManifest } from "../../support/manifests.ts";
import { MemoryKv } from "../../support/memory-kv.ts";
import { ANN_AUTHORIZATION, buildBasicAuthManifest } from "../../support/publish/basic-auth-cluster.ts";
import { KEYS } from "../../support/publish/signing.ts";

const keys = KEYS;
let account: LocalAccount;
let server: ApiServer;
let folder: string;

before(async () => {
  account = await startMemoryAccount(["example.com"], new MemoryKv(), () => {});
  server = await ApiServer.start();
  folder = await mkdtemp(join(tmpdir(), "edgress-explain-sources-"));
  await writeFile(join(folder, "kubeconfig"), server.kubeconfigText);
});

after(async () => {
  await account.close();
  await server.stop();
  await rm(folder, { recursive: true });
});

async function runExplain(...args: readonly string[]): Promise<string[]> {
  const environment = { KUBECONFIG: join(folder, "kubeconfig"), ...buildEnvironment(account, keys.privateKey) };
  const { code, stdout, stderr } = await runEdgress(["explain", ...args], environment);
  assert.deepEqual([code, stderr], [0, ""]);
  return stdout.trimEnd().split("\n");
}

async function writeManifests(...objects: readonly object[]): Promise<void> {
  await writeFile(join(folder, "all.yaml"), objects.map((object) => stringify(object)).join("---\n"));
}

describe("the permits of edgress explain", () => {
  before(() =>
    writeManifests(
      buildIngressManifest("shop", "shop.example.com", { "/": "web" }),
      buildServiceManifest("web", ["10.0.0.1"]),
    ),
  );

  test("A private origin address answers 503, as after a publication", async () => {
    const [response] = await runExplain("http://shop.example.com/", "--manifests", folder);
    assert.match(response ?? "", /^response {3}503 \(no-backend: /);
  });

  test("A permits file that lists the address lets the request through", async () => {
    const permits = join(folder, "permits.txt");
    await writeFile(permits, stringify({ origins: [{ namespaces: ["*"], addresses: ["10.0.0.0/8"] }] }));
    const [response] = await runExplain("http://shop.example.com/", "--manifests", folder, "--permits", permits);
    assert.equal(response, "response   from-origin (routed)");
  });
});

describe("edgress explain --live", () => {
  test("The cluster of the kubeconfig is explained", async () => {
    server.apply(buildIngressManifest("shop", "shop.example.com", { "/": "web" }));
    server.apply(buildServiceManifest("web", ["203.0.113.10"]));
    const lines = await runExplain("http://shop.example.com/", "--live", "--zone", "example.com");
    assert.deepEqual(lines.slice(1, 8), [
      "response   from-origin (routed)",
      "host       shop.example.com",
      "path       /",
      "route      default/shop#0.0, prefix /, from networking.k8s.io/v1",
      "backend    default/web:80",
      "origin     203.0.113.10",
      "url        http://shop.example.com/",
    ]);
  });

  test("A cluster that refuses to list Ingresses is reported in one line", async () => {
    server.forbid(/^GET \/apis\/networking\.k8s\.io\/v1\/ingresses/);
    const environment = { KUBECONFIG: join(folder, "kubeconfig") };
    const { code, stderr } = await runEdgress(["explain", "http://shop.example.com/", "--live"], environment);
    server.clearFaults();
    assert.match(stderr, /^edgress: cluster is not readable: .+\n$/);
    assert.equal(code, 1);
  });
});

describe("edgress explain --published", () => {
  before(async () => {
    await writeFile(join(folder, "all.yaml"), buildBasicAuthManifest());
    const command = ["publish", "--manifests", folder, "--watch-ingress-without-class"];
    const { stdout } = await runEdgress(command, buildEnvironment(account, keys.privateKey));
    assert.match(stdout, /^published generation=1 /m);
  });

  test("The published rules are explained, without a folder or a cluster", async () => {
    const lines = await runExplain("http://one.example.com/a", "--published");
    assert.match(lines[0] ?? "", /^published {2}generation 1 of \d{4}-\d\d-\d\dT/);
    assert.deepEqual(lines.slice(1, 6), [
      "response   401 (denied: no name and password)",
      "host       one.example.com",
      "path       /a",
      "route      default/one#0.0, prefix /",
      "backend    default/web:80",
    ]);
  });

  test("A password of an encrypted Secret is assumed to be right", async () => {
    const lines = await runExplain(
      "http://one.example.com/a",
      "--published",
      "-H",
      `Authorization: ${ANN_AUTHORIZATION}`,
    );
    assert.equal(lines[1], "response   from-origin (routed)");
    assert.ok(lines.includes("assumed    the encrypted auth-secret has the request's user"), lines.join("\n"));
  });

  test("Another signing key finds nothing published", async () => {
    const environment = buildEnvironment(account, generateSigningKeys().privateKey);
    const { code, stderr } = await runEdgress(["explain", "http://one.example.com/", "--published"], environment);
    assert.equal(stderr, "edgress: nothing is published in this KV namespace with this EDGRESS_SIGNING_KEY\n");
    assert.equal(code, 1);
  });
});

describe("the sources of edgress explain", () => {
  for (const [args, problem] of [
    [[], "rules are missing"],
    [["--live", "--published"], "--manifests, --live and --published are mutually exclusive"],
  ] as const) {
    test(`edgress explain with ${args.length} sources names the options in one line, with exit code 2`, async () => {
      const { code, stderr } = await runEdgress(["explain", "http://one.example.com/", ...args]);
      const remedy = "Set one: --manifests PATH, --live for the cluster, --published for the edge";
      assert.equal(stderr, `edgress: ${problem}. ${remedy}\n`);
      assert.equal(code, 2);
    });
  }
});
