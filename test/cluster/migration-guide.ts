// Run by `npm run test:cluster`: the commands of the migration guide, as printed, against a real API server.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { LintReport } from "../../sync/lint/verdicts/report.ts";
import { startControlPlane } from "../support/cluster/control-plane.ts";
import { startClusterHarness } from "../support/cluster/synced.ts";
import { startControllerProcess } from "../support/controller/controller-process.ts";
import { listBlocks, listGuideCommands } from "../support/docs/migration-guide.ts";
import { isService, MIGRATION_EXAMPLE, readObjects } from "../support/migration/example-folder.ts";
import { buildSecrets } from "../support/migration/secrets.ts";

const folder = await mkdtemp(join(tmpdir(), "edgress-guide-"));
after(() => rm(folder, { recursive: true }));
const cluster = await startControlPlane({ version: "1.36" });
after(() => cluster.close());
const harness = await startClusterHarness(cluster);
after(() => harness.close());

/** The Ingresses to copy: those of one host, and one that returns 503. */
const COPIES = [
  ["shop", "shop-web"],
  ["shop", "shop-api"],
  ["shop", "shop-cart"],
  ["vault", "vault"],
] as const;

test("The commands of the migration guide move a host to the edge", async (t) => {
  await createCluster();
  await t.test("1. Inventory exports every Ingress", async () => {
    const outputs = await runSection("1. Inventory");
    assert.equal(outputs.at(-1)?.trim().split("\n").length, 61);
    assert.equal((await lint()).ingresses.length, 60);
  });
  await t.test("2. Lint names the addresses of Services as the first thing to do", async () => {
    const [summary = ""] = await runSection("2. Lint");
    assert.match(summary, /^60 Ingresses, 50 hosts$/m);
    assert.match(summary, /^Do first: set type: LoadBalancer in the Service/m);
  });
  await t.test("3. Fix writes Services that the API server accepts, and 44 hosts can move", async () => {
    const [, diff = "", applied = ""] = await runSection("3. Fix");
    assert.match(diff, /^\+ {2}type: LoadBalancer$/m);
    assert.equal(applied.trim().split("\n").length, 56);
    await assignAddresses();
    await run("rm -r manifests");
    await runSection("1. Inventory");
    assert.equal((await lint()).hosts.filter(({ verdict }) => verdict === "now").length, 44);
  });
  await t.test("4. Rehearse explains the request of the guide", async () => {
    const explain = listGuideCommands("4. Rehearse").find((command) => command.includes(" explain ")) ?? "";
    assert.match(await run(explain), /shop\/shop-cart/);
  });
  await t.test("5. Run side by side publishes the copies, while the originals stay", async () => {
    const [copy = ""] = listBlocks("5. Run side by side", "yaml");
    for (const [namespace, name] of COPIES) {
      await writeFile(join(folder, "copy.yaml"), copy.replaceAll("shop-cart", name));
      for (const command of listCopyCommands())
        await run(command.replaceAll("shop-cart", name).replace("-n shop", `-n ${namespace}`));
    }
    const controller = await startControllerProcess({
      kubeconfig: cluster.kubeconfig,
      environment: harness.environment,
      args: ["--namespace", "default", "--publish-status-address", "edge.example.com"],
    });
    t.after(() => controller.end());
    await harness.waitForAnswer("https://shop.example.com/cart/items", "shop/shop-cart /items");
    await harness.waitForAnswer("https://shop.example.com/", "shop/shop-web /");
    await harness.waitUntilLive("shop", "shop-cart-edgress");
    const description = await run(listGuideCommands("5. Run side by side").at(3) ?? "");
    assert.match(description, /Normal +Published/);
    assert.doesNotMatch(description, /Warning/);
    assert.deepEqual((await harness.readStatus("shop", "shop-cart-edgress"))?.addresses, ["edge.example.com"]);
    assert.deepEqual((await harness.readStatus("shop", "shop-cart"))?.addresses, []);
    assert.deepEqual((await harness.readStatus("vault", "vault-edgress"))?.addresses, []); // every path is closed
  });
  await t.test("7. Shift traffic and 8. Roll back change one annotation of the original", async () => {
    const readProxied = async () => {
      const original = await cluster.kubectl(["-n", "shop", "get", "ingress", "shop-cart", "-o", "yaml"]);
      return /cloudflare-proxied: .*/.exec(original)?.[0];
    };
    await run(findAnnotateCommand("7. Shift traffic"));
    assert.equal(await readProxied(), 'cloudflare-proxied: "true"');
    await run(findAnnotateCommand("8. Roll back"));
    assert.equal(await readProxied(), undefined);
  });
  await t.test("9. The edge serves the host after the originals are deleted", async () => {
    await cluster.kubectl(["-n", "shop", "delete", "ingress", "shop-cart", "shop-api", "shop-web"]);
    await harness.waitForAnswer("https://shop.example.com/cart/items", "shop/shop-cart /items");
  });
});

async function createCluster(): Promise<void> {
  const objects = [...(await readObjects(MIGRATION_EXAMPLE)), ...(await buildSecrets())] as NamespacedObject[];
  const namespaces = [...new Set(objects.map(({ metadata }) => metadata.namespace))].map((name) => {
    return { apiVersion: "v1", kind: "Namespace", metadata: { name } };
  });
  const classes = [
    ["nginx", "k8s.io/ingress-nginx"],
    ["edgress", "edgress.dev/ingress-controller"],
  ].map(([name, controller]) => {
    return { apiVersion: "networking.k8s.io/v1", kind: "IngressClass", metadata: { name }, spec: { controller } };
  });
  for (const items of [namespaces, [...classes, ...objects]])
    await cluster.kubectl(["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items }));
}

interface NamespacedObject {
  readonly metadata: { readonly namespace: string };
}

/** Gives each Service of type LoadBalancer an address with an origin, as a cloud does. */
async function assignAddresses(): Promise<void> {
  const services = (await readObjects(join(folder, "services"))).filter(isService);
  for (const [index, { metadata, spec }] of services.entries()) {
    if (spec.type !== "LoadBalancer") continue;
    const { namespace, name } = metadata;
    const ip = `203.0.113.${index + 1}`;
    await harness.api.patch(`/api/v1/namespaces/${namespace}/services/${name}/status`, {
      status: { loadBalancer: { ingress: [{ ip }] } },
    });
    await harness.startOrigin(`${ip}:80`, `${namespace}/${name}`);
  }
}

function listCopyCommands(): string[] {
  return listGuideCommands("5. Run side by side").slice(0, 3);
}

function findAnnotateCommand(section: string): string {
  return listGuideCommands(section).find((command) => command.includes(" annotate ")) ?? "";
}

async function lint(): Promise<LintReport> {
  const [command = ""] = listGuideCommands("2. Lint");
  return JSON.parse(await run(command.replace("--summary", "--format json"))) as LintReport;
}

/** Runs the commands of a section and returns their outputs. */
async function runSection(title: string): Promise<string[]> {
  const outputs: string[] = [];
  for (const command of listGuideCommands(title)) outputs.push(await run(command));
  return outputs;
}

/** Runs a command in the reader's folder. An exit code of 1 is a result: lint has findings, diff has differences. */
function run(command: string): Promise<string> {
  const env = { PATH: process.env.PATH, HOME: folder, KUBECONFIG: cluster.kubeconfig, COLUMNS: "80" };
  const options = { cwd: folder, env, maxBuffer: 64 * 2 ** 20 };
  return new Promise((resolve, reject) => {
    execFile("sh", ["-c", command], options, (error, stdout, stderr) => {
      if (error && error.code !== 1) reject(new Error(`${command}: ${stderr}`));
      else resolve(stdout);
    });
  });
}
