import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { parseManifest } from "../../sync/collect/manifests.ts";
import { runEdgress } from "../support/cli/edge-cli.ts";
import { startPublishAccount } from "../support/cli/publish-command.ts";
import { buildTenant } from "../support/hostile-objects.ts";
import { sendRequest } from "../support/worker/http-requests.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

const LEVELS = 20_000;
const BOMB = [
  "a0: &a0 [x, x, x, x, x, x, x, x, x]",
  ...Array.from(
    { length: 9 },
    (_, index) => `a${index + 1}: &a${index + 1} [${`*a${index}, `.repeat(9).slice(0, -2)}]`,
  ),
].join("\n");
const { environment } = await startPublishAccount();
let folder: string;
const PROTOTYPE_NAMES = Object.getOwnPropertyNames(Object.prototype).toSorted();
const INGRESS = { apiVersion: "networking.k8s.io/v1", kind: "Ingress" };

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "edgress-hostile-"));
});
after(() => rm(folder, { recursive: true }));

async function publishFile(name: string, text: string) {
  await writeFile(join(folder, name), text);
  const result = await runEdgress(["publish", "--manifests", folder], environment);
  await rm(join(folder, name));
  return result;
}

describe("A file of manifests that is made to harm", () => {
  for (const [name, text] of [
    ["bomb.yaml", BOMB],
    ["levels.json", `${"[".repeat(LEVELS)}${"]".repeat(LEVELS)}`],
    ["levels.yaml", `a: ${"{a: ".repeat(LEVELS)}1${"}".repeat(LEVELS)}`],
  ] as const) {
    test(`${name} cannot end edgress publish with more than one line about it`, { timeout: 60_000 }, async () => {
      const { code, stdout, stderr } = await publishFile(name, text);
      assert.equal(stderr, "");
      const [problem = "", ...otherLines] = stdout.trim().split("\n");
      assert.ok(problem.startsWith(`error ${name}:1: `), problem);
      assert.ok(problem.length < 300, problem);
      assert.deepEqual(otherLines, ["nothing was published: every file must parse"]);
      assert.equal(code, 1);
    });
  }
});

describe("A name of Object.prototype", () => {
  let edge: WorkerHarness;
  before(async () => {
    edge = await startWorkerHarness();
    await edge.startOrigin("203.0.113.20:80", (_, response) => response.end("web"));
  });
  after(() => edge.close());

  for (const key of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
    test(`${key} in every place cannot change another object, a message or another tenant's answers`, async () => {
      const objects = [...buildTenant("alice", ["/"]), ...buildNamedObjects(key)];
      const parsedFile = parseManifest(objects.map((object) => JSON.stringify(object)).join("\n---\n"), "in.yaml");
      assert.ok("objects" in parsedFile);
      const { diagnostics } = await edge.publish(parsedFile.objects.map(({ object }) => object as object));
      assert.ok(diagnostics.length > 0);
      for (const { reason: _, ...texts } of diagnostics)
        assert.doesNotMatch(Object.values(texts).join(" "), /undefined|\[object |native code/);
      assert.deepEqual(Object.getOwnPropertyNames(Object.prototype).toSorted(), PROTOTYPE_NAMES);
      assert.equal((await sendRequest(edge, "http://alice.example.com/")).body, "web");
      for (const host of [key.toLowerCase(), `${key}.example.com`.toLowerCase()])
        assert.notEqual((await sendRequest(edge, `http://${host}/${key}`)).status, 500);
    });
  }
});

/** Returns objects with the key as host, path, name, namespace, annotation, value, and key of data and labels. */
function buildNamedObjects(key: string): object[] {
  const [service = {}, { spec } = { spec: {} }] = buildTenant(key, [`/${key}`, key]);
  const names = ["auth-secret", "affinity", "backend-protocol", "load-balance", "satisfy", "auth-method", key];
  const annotations = Object.fromEntries([
    [key, "polluted"],
    ...names.map((name) => [`nginx.ingress.kubernetes.io/${name}`, key]),
    ["nginx.ingress.kubernetes.io/proxy-body-size", `5${key}`],
    ["nginx.ingress.kubernetes.io/proxy-read-timeout", key],
    ["nginx.ingress.kubernetes.io/custom-headers", `${key}/${key}`],
    ["nginx.ingress.kubernetes.io/auth-type", "basic"],
  ]);
  const metadata = { name: key, namespace: key };
  const data = Object.fromEntries([[key, "cG9sbHV0ZWQ="]]); // an own property, even for __proto__
  return [
    service,
    { ...INGRESS, metadata: { ...metadata, annotations, labels: data }, spec },
    {
      ...INGRESS,
      metadata: { ...metadata, name: "hosts" },
      spec: { ingressClassName: "edgress", rules: [{ host: key }] },
    },
    { apiVersion: "v1", kind: "Secret", metadata, data },
    { apiVersion: "v1", kind: "ConfigMap", metadata, data },
  ];
}
