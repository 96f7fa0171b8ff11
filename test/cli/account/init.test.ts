import assert from "node:assert/strict";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parseVariables } from "../../../sync/setup/keys/variable-file.ts";
import { type SetupWorld, startSetupWorld } from "../../support/setup/setup-world.ts";

let world: SetupWorld;
before(async () => {
  world = await startSetupWorld();
});
after(() => world.close());

function listWrites(from: number): string[] {
  return world.cloudflare.account.requests
    .slice(from)
    .filter(({ method, path }) => method !== "GET" && !path.endsWith("/sql"))
    .map(({ method, path }) => `${method} ${path.replace(/.*\/(?=namespaces|scripts|dns_records|routes)/, "")}`)
    .filter((line) => !/^DELETE (\w+)\/(edgress-probe-)?[0-9a-f]{32}/.test(line)); // probes of permissions
}

async function readInFolder(path: string): Promise<string> {
  return readFile(join(world.folder, ".edgress", path), "utf8");
}

test("`init` without a terminal and answers ends with one line that names them all, and changes nothing", async () => {
  const environment = { CLOUDFLARE_API_TOKEN: "", CLOUDFLARE_ACCOUNT_ID: "" };
  const { code, stdout, stderr } = await world.run(["init"], environment);
  assert.equal(code, 2);
  assert.equal(stdout, "");
  assert.equal(
    stderr,
    "edgress: no terminal to ask on, and not set: CLOUDFLARE_API_TOKEN, CLOUDFLARE_ACCOUNT_ID, --yes. Set them, or use --dry-run\n",
  );
});

test("`init --dry-run` prints the checks and the steps, and changes nothing", async () => {
  const { code, stdout, stderr } = await world.run(["init", "--dry-run", "--secret-manifest"]);
  assert.equal(code, 2, stdout + stderr);
  assert.match(stdout, /^ok {6}token: token is active and belongs to the account$/m);
  assert.deepEqual(
    stdout
      .split("\n")
      .filter((line) => line.startsWith("+ "))
      .map((line) => line.replace(/[\d.]+\+[0-9a-f]+/, "BUILD")),
    [
      "+ KV namespace edgress-rules",
      "+ signing key of the controller",
      "+ Worker edgress: deploy BUILD",
      "+ secrets of the Worker: EDGRESS_DECRYPTION_KEY, EDGRESS_STATUS_TOKEN",
      "+ variables of the controller",
      "+ Kubernetes Secret with the controller's variables",
    ],
  );
  assert.deepEqual(listWrites(0), []);
  await assert.rejects(stat(join(world.folder, ".edgress")));
});

test("`init` goes on after an interruption between the deployment and the secrets", async () => {
  world.cloudflare.account.faults = {
    ...world.cloudflare.account.faults,
    serverErrors: 20,
    requestPattern: /secrets-bulk/,
  };
  const { code, stderr } = await world.run(["init", "--yes", "--edge-url", world.cloudflare.http.origin]);
  assert.equal(code, 1);
  assert.match(stderr, /^edgress: wrangler secret bulk failed: .* Log: .*\.edgress\/wrangler\.log\n$/);
  world.cloudflare.account.faults = { ...world.cloudflare.account.faults, serverErrors: 0 };
  const from = world.cloudflare.account.requests.length;
  const args = ["init", "--yes", "--secret-manifest"];
  const second = await world.run(args);
  assert.equal(second.code, 0, second.stdout + second.stderr);
  assert.match(
    second.stdout,
    /^= KV namespace edgress-rules\n= signing key of the controller\n= Worker edgress \S+\n\+ secrets of the Worker: /m,
  );
  assert.deepEqual(listWrites(from), ["PATCH scripts/edgress/secrets-bulk"]);
  assert.match(second.stdout, /^ok {6}edge http:\S+: edge answers; nothing is published yet/m);
});

test("Keys are in files for their owner only, each half where it belongs, and none was printed", async () => {
  const variables = parseVariables(await readInFolder("production/edgress.env"));
  assert.deepEqual(Object.keys(variables).toSorted(), [
    "CLOUDFLARE_ACCOUNT_ID",
    "CLOUDFLARE_API_TOKEN",
    "CLOUDFLARE_BASE_URL",
    "EDGRESS_ENCRYPTION_KEY",
    "EDGRESS_KV_NAMESPACE_ID",
    "EDGRESS_SIGNING_KEY",
    "EDGRESS_STATUS_TOKEN",
    "EDGRESS_VERIFYING_KEY",
  ]);
  const config = await readInFolder("wrangler.jsonc");
  assert.ok(config.includes(`"EDGRESS_VERIFYING_KEY": "${variables.EDGRESS_VERIFYING_KEY}"`));
  const notSecret = config + (await readInFolder("production/settings.json")) + (await readInFolder("wrangler.log"));
  for (const name of ["EDGRESS_SIGNING_KEY", "EDGRESS_STATUS_TOKEN", "CLOUDFLARE_API_TOKEN"] as const)
    assert.ok(!notSecret.includes(variables[name] ?? "-"), name);
  assert.ok(!JSON.stringify(variables).includes("DECRYPTION"));
  for (const path of ["production/edgress.env", "production/secret.yaml"])
    assert.equal((await stat(join(world.folder, ".edgress", path))).mode & 0o777, 0o600);
});

test("A second `init` says what is there and writes nothing, and `--show-keys` prints the keys", async () => {
  const from = world.cloudflare.account.requests.length;
  const { code, stdout } = await world.run(["init", "--yes", "--show-keys"]);
  assert.equal(code, 0, stdout);
  assert.equal(stdout.split("\n").filter((line) => line.startsWith("= ")).length, 6);
  assert.match(stdout, /^EDGRESS_SIGNING_KEY=\S+$/m);
  assert.deepEqual(listWrites(from), []);
});

test("`init --environment staging` makes a Worker and a KV namespace of its own", async () => {
  const production = world.cloudflare.account.scripts.get("edgress");
  const { code, stdout, stderr } = await world.run(["init", "--yes", "--environment", "staging", "--json"]);
  assert.equal(code, 0, stdout + stderr);
  const report = JSON.parse(stdout);
  assert.deepEqual(
    report.steps.map(({ description }: { description: string }) => description.split(":")[0]).slice(0, 3),
    ["KV namespace edgress-staging-rules", "signing key of the controller", "Worker edgress-staging"],
  );
  assert.equal(world.cloudflare.account.scripts.get("edgress"), production);
  assert.match(await readInFolder("wrangler.jsonc"), /"production": \{[\s\S]*"staging": \{/);
});

test("A set-up of another folder is not touched: its Worker, and its KV namespace without --adopt-namespace", async () => {
  const other = await world.run(["init", "--yes", "--dir", "other"]);
  assert.equal(other.code, 2);
  assert.match(
    other.stderr,
    /^edgress: Worker belongs to another set-up: edgress accepts the key \S+\. Use the folder /,
  );
});

test("A token without a permission is named with what fails, and nothing is changed", async () => {
  const { tokens } = world.cloudflare.account;
  tokens.add({ value: "no-scripts", permissions: ["Workers KV Storage Write", "Zone Read", "DNS Write"] });
  const from = world.cloudflare.account.requests.length;
  const { code, stdout } = await world.run(["init", "--yes"], { CLOUDFLARE_API_TOKEN: "no-scripts" });
  assert.equal(code, 1, stdout);
  assert.match(
    stdout,
    /^error {3}permission Account · Workers Scripts · Edit: denied: the Worker cannot be deployed\. Add /m,
  );
  assert.match(stdout, /^error {3}permission Zone · Workers Routes · Edit \(example\.com\): denied: /m);
  assert.match(stdout, /^warning permission Zone · Zone Settings · Read \(example\.com\): denied: /m);
  assert.deepEqual(listWrites(from), []);
});
