import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { withCallRules } from "../../sync/cloudflare/call-rules.ts";
import { parseCluster } from "../../sync/collect/parse-objects.ts";
import type { LocalAccount } from "../../sync/local/account/account.ts";
import { ALLOW_ALL } from "../../sync/permits/model.ts";
import { type Account, createAccount } from "../../sync/publish/account.ts";
import { readPublishedSnapshot } from "../../sync/publish/read-published.ts";
import { type FaultKind, type FaultyApi, isWrite, startFaultyApi } from "../support/cloudflare/faulty-api.ts";
import { startMemoryAccount } from "../support/controller/memory-account.ts";
import { MemoryKv } from "../support/memory-kv.ts";
import { publishToAccount } from "../support/publish/publish-to-account.ts";
import { readAllShards } from "../support/publish/sample-rules.ts";
import { KEYS, SIGNER } from "../support/publish/signing.ts";
import { buildVersion } from "../support/publish/versioned-manifests.ts";

const OPTIONS = {
  ingressClass: "edgress",
  controller: "edgress.dev/ingress-controller",
  watchIngressWithoutClass: false,
  exclusiveHosts: false,
  allowedResponseHeaders: [],
  permits: ALLOW_ALL,
};
const PUBLICATIONS = 50;
/** 20 % of all calls fail. */
const FAULTS: readonly (readonly [kind: FaultKind, share: number])[] = [
  ["error", 0.06],
  ["too-many", 0.06],
  ["cut", 0.04],
  ["hang", 0.02],
  ["lost", 0.02],
];

const kv = new MemoryKv();
let local: LocalAccount;
let api: FaultyApi;

before(async () => {
  local = await startMemoryAccount(["example.com"], kv, () => {});
  api = await startFaultyApi(local);
});
after(async () => {
  await api.close();
  await local.close();
});

function openAccount(): Account {
  return createAccount({
    ...local,
    apiToken: local.token,
    baseURL: api.baseURL,
    signingKey: KEYS.privateKey,
    writeIntervalMs: 1,
    timings: { attemptTimeoutMs: 200, retryDelayMs: 1, maxRetryDelayMs: 5 },
  });
}

/** Returns pseudo-random numbers from 0 up to 1 (mulberry32), so that a failure can be repeated. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

function chooseFault(random: number): FaultKind {
  let rest = random;
  for (const [kind, share] of FAULTS) {
    if (rest < share) return kind;
    rest -= share;
  }
  return "pass";
}

function publishVersion(version: number, account: Account): Promise<unknown> {
  const objects = buildVersion(version).map((object) => ({ object, source: "cluster.yaml:1" }));
  const now = new Date(Date.UTC(2026, 0, 1) + version * 3_600_000);
  return publishToAccount(parseCluster(objects), OPTIONS, account, now);
}

/** Asserts that `current` has all its shards, and that they are of one version. */
async function assertWhole(): Promise<void> {
  const { hosts } = await readAllShards(kv, KEYS.publicKey);
  const versions = new Set(JSON.stringify(hosts).match(/https:\/\/v\d+\.example/g));
  assert.equal(versions.size, 1, [...versions].join(", "));
}

async function assertPublished(version: number): Promise<void> {
  await assertWhole();
  const { hosts } = await readAllShards(kv, KEYS.publicKey);
  assert.equal(JSON.stringify(hosts).includes(`https://v${version}.example.org/`), true);
  const contents = local.records("example.com").map(({ content }) => content);
  assert.ok(contents.includes(`203.0.113.${10 + version}`));
  assert.equal(new Set(contents).size, contents.length);
}

describe("publications while 20 % of the calls fail", () => {
  test("50 publications all arrive, with growing generations, and each record exists once", async () => {
    const random = createRandom(1);
    let failed = 0;
    api.calls.length = 0;
    api.decide = () => {
      const fault = chooseFault(random());
      if (fault !== "pass") failed++;
      return fault;
    };
    const generations: number[] = [];
    for (let version = 1; version <= PUBLICATIONS; version++) {
      await publishVersion(version, openAccount());
      await assertPublished(version);
      generations.push((await readPublishedSnapshot(kv, SIGNER)).manifest?.generation ?? 0);
    }
    assert.ok(failed > api.calls.length * 0.15, `${failed} of ${api.calls.length}`);
    assert.ok(generations.every((generation, index) => generation > (generations[index - 1] ?? 0)));
  });

  test("A publisher that loses the Lease during any of its calls sends no further write", async () => {
    for (let call = 1; ; call++) {
      const lease = loseLeaseAt(call);
      await withCallRules({ checkFence: lease.checkFence }, () => publishVersion(100 + call, openAccount())).catch(
        (error: Error) => assert.match(error.message, /leadership lost|no response in time|500/),
      );
      assert.deepEqual(lease.lateWrites(), []);
      await assertWhole();
      if (lease.isHeld()) return assert.ok(call > 8, `only ${call - 1} calls`);
      api.decide = () => "pass";
      await publishVersion(100 + call, openAccount());
      assert.deepEqual((await readPublishedSnapshot(kv, SIGNER)).missingShards, []);
    }
  });
});

/** Fails call number `call`, and closes the fence of the Lease during it. */
function loseLeaseAt(call: number) {
  let isHeld = true;
  let lateWrites: readonly string[] = [];
  api.calls.length = 0;
  api.decide = (line, callNumber) => {
    if (!isHeld && isWrite(line)) lateWrites = [...lateWrites, line];
    if (callNumber !== call) return "pass";
    isHeld = false;
    return call % 2 === 0 ? "error" : "too-many";
  };
  const checkFence = () => {
    if (!isHeld) throw new Error("leadership lost");
  };
  return { checkFence, isHeld: () => isHeld, lateWrites: () => lateWrites };
}
