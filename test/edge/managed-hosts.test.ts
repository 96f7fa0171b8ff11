import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Kv } from "../../sync/cloudflare/kv.ts";
import type { HostOptions } from "../../sync/controller/managed-hosts.ts";
import type { Account } from "../../sync/publish/account.ts";
import { createSigner } from "../../sync/publish/sign-manifest.ts";
import { buildUpload, callAccount } from "../support/account/call-account.ts";
import { buildIngressManifest, buildServiceManifest } from "../support/manifests.ts";
import { MemoryKv } from "../support/memory-kv.ts";
import { KEYS } from "../support/publish/signing.ts";
import { waitFor } from "../support/wait-for.ts";
import { sendRequest } from "../support/worker/http-requests.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

const HOUR = 3_600_000;
const START = Date.now();
const WEB = buildServiceManifest("web", ["203.0.113.10"]);
const UNSERVED = 409; // no proxied record answers

let edge: WorkerHarness;

before(async () => {
  edge = await startWorkerHarness({
    zones: ["example.com", "deep.example.com"],
    routedScript: "edgress",
    echoOrigins: true,
  });
  await callAccount(
    edge.stack.account,
    "PUT /workers/scripts/other",
    buildUpload('export default { fetch: () => new Response("") };'),
  );
});
after(() => edge.close());

/** Publishes hosts, `hours` after the start of the test. */
async function publishHosts(hosts: readonly string[], hours = 0, options: HostOptions = {}, account?: Account) {
  const ingresses = hosts.map((host, index) => buildIngressManifest(`host-${index}`, host, { "/": "web" }));
  const now = new Date(START + hours * HOUR);
  const hostOptions = { manageHosts: true, name: "prod", ...options };
  return edge.publish([WEB, ...ingresses], { now, hostOptions, ...(account && { account }) });
}

async function readStatus(host: string): Promise<number> {
  return (await sendRequest(edge, `http://${host}/`)).status;
}

/** Resolves when a host answers with a status. */
async function waitForStatus(host: string, status: number): Promise<void> {
  await waitFor(async () => (await readStatus(host)) === status).catch(async () =>
    assert.equal(await readStatus(host), status, host),
  );
}

/** Returns the records and routes of both zones that have no mark of this controller. */
function listForeignObjects(): string[] {
  const { account } = edge.stack;
  return account.zones.flatMap((zone) => [
    ...account
      .records(zone)
      .filter(({ comment }) => !comment?.startsWith("edgress"))
      .map((record) => JSON.stringify(record)),
    ...account.routes
      .list(zone)
      .filter(({ script }) => script !== "edgress")
      .map((route) => JSON.stringify(route)),
  ]);
}

describe("hosts over real HTTP", () => {
  test("A host answers only once it has its record and route, in the longest zone", async () => {
    assert.equal(await readStatus("shop.example.com"), UNSERVED);
    await publishHosts(["shop.example.com", "a.deep.example.com"]);
    await waitForStatus("shop.example.com", 200);
    await waitForStatus("a.deep.example.com", 200);
    const { account } = edge.stack;
    assert.deepEqual(
      account.routes.list("deep.example.com").map(({ pattern }) => pattern),
      ["a.deep.example.com/*"],
    );
    assert.equal(await readStatus("other.example.com"), UNSERVED);
  });

  test("A removed host stops after the grace", async () => {
    await publishHosts(["a.deep.example.com"], 1);
    await waitForStatus("shop.example.com", 404); // without rules, but with its record and route
    await publishHosts(["a.deep.example.com"], 1.9);
    assert.equal(await readStatus("shop.example.com"), 404);
    await publishHosts(["a.deep.example.com"], 2);
    assert.equal(await readStatus("shop.example.com"), UNSERVED);
    assert.equal(await readStatus("a.deep.example.com"), 200);
  });

  test("Drift is repaired", async () => {
    const { account } = edge.stack;
    account.routes.remove("deep.example.com", () => true);
    await waitForStatus("a.deep.example.com", 522).catch(() => {}); // its record has no origin
    await publishHosts(["a.deep.example.com"], 2);
    await waitForStatus("a.deep.example.com", 200);
  });

  test("Records and routes of others never change", async () => {
    const { account } = edge.stack;
    const [zone] = account.zoneIds;
    for (const [name, proxied] of [
      ["old.example.com", true],
      ["direct.example.com", false],
    ] as const) {
      const record = { type: "A", name, content: "203.0.113.99", proxied, ttl: 1, comment: "Edgress prod/host" };
      assert.deepEqual((await callAccount(account, `POST /zones/${zone}/dns_records`, record)).codes, []);
    }
    for (const route of [{ pattern: "taken.example.com/*", script: "other" }, { pattern: "none.example.com/*" }])
      assert.deepEqual((await callAccount(account, `POST /zones/${zone}/workers/routes`, route)).codes, []);
    const foreign = listForeignObjects();
    const hosts = ["old", "direct", "taken", "none"].map((name) => `${name}.example.com`);
    const { hostResult } = await publishHosts(hosts, 3);
    assert.deepEqual(hostResult?.issues.map(({ host, reason }) => `${host} ${reason}`).toSorted(), [
      "direct.example.com ForeignHostRecord",
      "none.example.com ForeignHostRoute",
      "old.example.com ForeignHostRecord",
      "taken.example.com ForeignHostRoute",
    ]);
    await waitForStatus("old.example.com", 200); // its record is proxied, so the route serves it
    assert.deepEqual(listForeignObjects(), foreign);
    await publishHosts([], 4);
    await publishHosts([], 6);
    assert.deepEqual(listForeignObjects(), foreign);
    assert.deepEqual(
      account.zones.flatMap((name) => account.routes.list(name).filter(({ script }) => script === "edgress")),
      [],
    );
  });

  test("Two clusters in one account leave each other's hosts alone", async () => {
    const { account } = edge.stack;
    const signer = createSigner(KEYS.privateKey);
    const kv: Kv = Object.assign(new MemoryKv(), { namespaceId: "89abcdef89abcdef89abcdef89abcdef" });
    const staging: Account = { ...edge.account, kv, signer, verifier: signer };
    const listObjects = () =>
      [
        ...account.records("example.com").filter(({ comment = "" }) => comment.includes("/host")),
        ...account.routes.list("example.com"),
      ].map((object) => JSON.stringify(object));
    await publishHosts(["shop.example.com"], 7);
    const before = listObjects();
    const options = { name: "staging", workerScript: "other" };
    const { hostResult } = await publishHosts(["shop.example.com", "blog.example.com"], 7, options, staging);
    assert.deepEqual(
      hostResult?.issues.map(({ problem }) => problem),
      [
        "shop.example.com is not served: its DNS record belongs to the edgress controller prod",
        "shop.example.com is not served: the route shop.example.com/* exists and runs the Worker edgress",
      ],
    );
    assert.equal(listObjects().length, before.length + 2);
    await publishHosts(["shop.example.com"], 8);
    assert.equal(listObjects().length, before.length + 2);
    await publishHosts([], 8, options, staging);
    await publishHosts([], 10, options, staging);
    assert.deepEqual(listObjects(), before);
    await waitForStatus("shop.example.com", 200);
  });
});
