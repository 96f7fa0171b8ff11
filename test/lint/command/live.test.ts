import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { ApiServer } from "../../support/api-server.ts";
import { buildIngressFrom, NGINX } from "../../support/cli/lint.ts";
import { lintToJson, runWithInput } from "../../support/cli/lint-command.ts";
import { buildServiceManifest } from "../../support/manifests.ts";

const annotations = {
  [`${NGINX}auth-type`]: "basic",
  [`${NGINX}auth-secret`]: "staff",
  [`${NGINX}custom-headers`]: "default/headers",
};
const ingress = buildIngressFrom({ annotations });
const input = JSON.stringify(ingress);
const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "staff" }, data: { auth: "YTp7U0hBfXg=" } };
const headers = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "headers" }, data: { "X-A": "b" } };

let server: ApiServer;
let folder: string;
let environment: Record<string, string>;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "lint-live-"));
});

beforeEach(async () => {
  await server?.stop();
  server = await ApiServer.start();
  await writeFile(join(folder, "kubeconfig"), server.kubeconfigText);
  environment = { KUBECONFIG: join(folder, "kubeconfig") };
});

after(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

describe("edgress lint --live", () => {
  test("edgress lint --live completes manifests from the cluster, and reads no content of a Secret", async () => {
    for (const object of [buildServiceManifest("shop", ["203.0.113.10"]), secret, headers]) server.apply(object);
    const options = ["-", "--live", "--allowed-response-headers", "X-A"];
    const { code, report } = await lintToJson(options, input, environment);
    assert.deepEqual(
      report.findings.filter(({ kind }) => kind === "error"),
      [],
    );
    assert.equal(code, 0);
    assert.deepEqual(report.uncheckedObjects, []);
    const reads = server.requests.map(({ line }) => line).filter((line) => /secret/.test(line));
    assert.deepEqual(reads, ["GET /api/v1/namespaces/default/secrets/staff"]);
  });

  test("edgress lint --live checks the content of a ConfigMap", async () => {
    for (const object of [buildServiceManifest("shop", ["203.0.113.10"]), secret, headers]) server.apply(object);
    const { report } = await lintToJson(["-", "--live"], input, environment);
    assert.equal(
      report.findings.find(({ rule }) => rule === "RouteFailedClosed")?.message,
      "header not allowed by --allowed-response-headers: X-A in ConfigMap default/headers",
    );
  });

  test("edgress lint --live reports objects that neither the manifests nor the cluster have", async () => {
    const { code, report } = await lintToJson(["-", "--live"], input, environment);
    assert.equal(code, 1);
    assert.deepEqual(
      report.findings.filter(({ kind }) => kind === "error").map(({ message }) => message),
      ["Secret not found: default/staff", "ConfigMap not found: default/headers", "Service not found: default/shop"],
    );
  });

  test("A Secret without permission is not checked, and an error with --strict", async () => {
    for (const object of [buildServiceManifest("shop", ["203.0.113.10"]), secret, headers]) server.apply(object);
    server.forbid(/\/secrets\//);
    const options = ["-", "--live", "--allowed-response-headers", "X-A"];
    const { code, report } = await lintToJson(options, input, environment);
    assert.deepEqual([code, report.uncheckedObjects], [0, [{ kind: "Secret", namespace: "default", name: "staff" }]]);
    assert.equal((await lintToJson([...options, "--strict"], input, environment)).code, 1);
  });

  test("A Service of the manifests replaces the one of the cluster", async () => {
    server.apply(buildServiceManifest("shop", ["203.0.113.10"]));
    const ours = buildServiceManifest("shop", ["10.0.0.1"]);
    const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: [buildIngressFrom({}), ours] });
    const { report } = await lintToJson(["-", "--live"], list, environment);
    assert.ok(report.findings.some(({ rule }) => rule === "OriginNotPermitted"));
  });

  test("edgress lint --live without a path checks the Ingresses of the cluster", async () => {
    server.apply(buildServiceManifest("shop", ["203.0.113.10"]));
    server.apply({ ...buildIngressFrom({}), metadata: { name: "shop" } });
    const { code, report } = await lintToJson(["--live"], "", environment);
    assert.equal(code, 0);
    assert.deepEqual(
      report.ingresses.map(({ name, verdict }) => [name, verdict]),
      [["default/shop", "now"]],
    );
    assert.equal(report.findings[0]?.source, "cluster");
  });

  test("edgress lint --live of a cluster without an Ingress and HTTPRoute exits with 2", async () => {
    const { code, error } = await runWithInput(["lint", "--live"], "", environment);
    assert.deepEqual(
      [code, error],
      [2, "edgress: Ingress or HTTPRoute not found in the cluster. Check the context of the kubeconfig\n"],
    );
  });

  test("edgress lint --live exits with 2 and one line if the cluster refuses", async () => {
    server.forbid(/\/services/);
    const { code, error } = await runWithInput(["lint", "-", "--live"], input, environment);
    assert.equal(code, 2);
    assert.match(
      error,
      /^edgress: cluster is not readable: .*services.*\. Check the kubeconfig and its permissions\n$/,
    );
  });
});
