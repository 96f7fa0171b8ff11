import assert from "node:assert/strict";
import { cp, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parseEnv } from "node:util";
import { listen } from "../../sync/net/listen.ts";
import { callAccount } from "../support/account/call-account.ts";
import { addForeignObjects, type ForeignObjects } from "../support/account/foreign-objects.ts";
import { type CommandResult, EXAMPLES } from "../support/cli/edge-cli.ts";
import { startClusterSync } from "../support/setup/cluster-sync.ts";
import { type SetupWorld, startSetupWorld } from "../support/setup/setup-world.ts";
import { waitFor } from "../support/wait-for.ts";
import { sendRequest } from "../support/worker/http-requests.ts";

// One account from its set-up to its removal, over real HTTP: each test continues where the one before it ended.

let world: SetupWorld;
let accountBefore: unknown;
let foreignObjects: ForeignObjects;
let variables: Record<string, string>;
const closeOrigins: (() => Promise<void>)[] = [];
const OPTIONS = ["-f", "manifests", "--manage-hosts", "--watch-ingress-without-class"];

before(async () => {
  world = await startSetupWorld({ zones: ["bar.com"], routedScript: "edgress" });
  foreignObjects = await addForeignObjects(world.cloudflare.account, "bar.com");
  accountBefore = await readAccount();
  const answers = { "203.0.113.11:80": "one", "203.0.113.12:80": "two", "203.0.113.13:80": "broken" };
  for (const [address, answer] of Object.entries(answers)) {
    const status = answer === "broken" ? 500 : 200;
    const origin = await listen(
      createServer((_, response) => response.writeHead(status).end(answer)),
      0,
    );
    closeOrigins.push(origin.close);
    world.cloudflare.forward(address, `127.0.0.1:${origin.port}`);
  }
  await cp(join(EXAMPLES, "fanout"), join(world.folder, "manifests"), { recursive: true });
});

after(async () => {
  for (const close of closeOrigins) await close();
  await world?.close();
});

const run = (...args: string[]): Promise<CommandResult> => world.run(args, variables);

/** Runs a command that must end with exit code 0. */
async function runWell(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...args);
  assert.equal(code, 0, stdout + stderr);
  return stdout;
}

async function request(url: string): Promise<string> {
  const { status, body } = await sendRequest({ stack: world.cloudflare }, url, {});
  return `${status} ${body}`;
}

/** Returns what the account has: namespaces, scripts, records and routes. */
async function readAccount(): Promise<unknown> {
  const { account } = world.cloudflare;
  const list = async (path: string) => (await callAccount(account, `GET ${path}`)).result;
  return {
    namespaces: await list("/storage/kv/namespaces"),
    scripts: await list("/workers/scripts"),
    records: [...account.records("bar.com")],
    routes: [...account.routes.list("bar.com")],
  };
}

/** Waits until every isolate may have the published generation. */
async function waitForAnswer(url: string, answer: string): Promise<void> {
  await waitFor(async () => (await request(url)) === answer, 60_000);
}

/** Sends a request as each of 120 clients. */
async function sendFromClients(): Promise<void> {
  for (let client = 1; client <= 120; client++) {
    const headers = { "CF-Connecting-IP": `198.51.100.${client}` };
    await sendRequest({ stack: world.cloudflare }, "http://foo.bar.com/fuu", { headers });
  }
}

/** Replaces a path of the example's Ingress. */
async function changePath(before: string, after: string): Promise<void> {
  const file = join(world.folder, "manifests/ingress.yaml");
  const text = await readFile(file, "utf8");
  assert.ok(text.includes(`path: ${before}`));
  await writeFile(file, text.replace(`path: ${before}`, `path: ${after}`));
}

test("edgress init sets up an empty account", async () => {
  const output = await runWell("init", "--yes", "--analytics", "--zone", "bar.com");
  assert.match(output, /^done Worker edgress: deploy /m);
  variables = parseEnv(
    await readFile(join(world.folder, ".edgress/production/edgress.env"), "utf8"),
  ) as typeof variables;
  assert.match(await runWell("check"), /^ok {6}worker edgress: Worker is deployed/m);
  assert.equal(await request("http://foo.bar.com/foo"), "409 error code: 1001\n"); // no record and no route
});

test("edgress apply publishes a plan, and its host answers over http and https", async () => {
  const plan = await run("plan", ...OPTIONS, "--out", "plan.json");
  assert.equal(plan.code, 2, plan.stderr);
  assert.match(plan.stdout, /^\+ Workers route foo\.bar\.com\/\*$/m);
  await runWell("apply", "plan.json");
  assert.equal(await request("http://foo.bar.com/foo"), "200 one");
  assert.equal(await request("https://foo.bar.com/foo"), "200 one");
});

test("edgress plan shows a change with its file, and nothing after edgress apply", async () => {
  await changePath("/foo", "/fuu");
  const { code, stdout } = await run("plan", ...OPTIONS, "--out", "plan.json");
  assert.equal(code, 2);
  assert.match(stdout, /^ {2}\+ prefix \/fuu of default\/my-ingress \(ingress\.yaml:2\)$/m);
  assert.match(stdout, /^ {2}- prefix \/foo of default\/my-ingress/m);
  await runWell("apply", "plan.json");
  assert.equal((await run("plan", ...OPTIONS)).code, 0);
  await waitForAnswer("http://foo.bar.com/fuu", "200 one");
});

test("edgress rollback brings back a generation with one write of the manifest, until edgress resume", async () => {
  const { requests } = world.cloudflare.account;
  const first = requests.length;
  await runWell("rollback", "1", "--yes");
  const keys = requests.slice(first).flatMap(({ method, path }) => (method === "PUT" ? path.split("/values/")[1] : []));
  assert.deepEqual(keys, ["generation%2F3", "current"]);
  await waitForAnswer("http://foo.bar.com/foo", "200 one");
  const { code, stderr } = await run("publish", ...OPTIONS);
  assert.equal(code, 2);
  assert.match(stderr, /generation 3 is pinned/);
  await runWell("resume");
  await runWell("publish", ...OPTIONS);
  await waitForAnswer("http://foo.bar.com/fuu", "200 one");
});

test("edgress sync promotes a good candidate by itself, and aborts a bad one", async () => {
  const services = { two: "203.0.113.12", broken: "203.0.113.13" };
  const stages = ["--stage", "5%", "--stage-interval", "1s", "--stage-min-requests", "20", "--resync-interval", "2"];
  const args = [...OPTIONS.slice(2), ...stages, "--debounce", "0", "--allow-mass-deletion"];
  const sync = await startClusterSync(world, variables, services, args);
  await sync.waitForLog(/staged candidate generation=\d+ share=5/, sendFromClients);
  await sync.waitForLog(/promoted candidate generation=\d+: 5xx 0\.0 %/, sendFromClients);
  await waitForAnswer("http://foo.bar.com/fuu", "200 two");
  sync.serve("broken");
  await sync.waitForLog(/aborted candidate generation=\d+: 5xx 100\.0 %/, sendFromClients);
  await waitForAnswer("http://foo.bar.com/fuu", "200 two");
  assert.equal(await sync.stop(), 0);
});

test("edgress uninstall leaves the account as it was", async () => {
  const output = await runWell("uninstall", "--yes");
  assert.match(output, /^- route foo\.bar\.com\/\*$/m);
  assert.match(output, /^removed KV namespace edgress-rules with all its keys$/m);
  assert.deepEqual(await readAccount(), accountBefore);
  foreignObjects.assertUnchanged();
});
