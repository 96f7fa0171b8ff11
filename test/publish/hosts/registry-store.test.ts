import assert from "node:assert/strict";
import { test } from "node:test";
import { findCallRules } from "../../../sync/cloudflare/call-rules.ts";
import { NO_FENCE } from "../../../sync/publish/guard/write-fence.ts";
import { EMPTY_REGISTRY, hostRegistryKey } from "../../../sync/publish/hosts/registry.ts";
import { createRegistryStore, readHostRegistries } from "../../../sync/publish/hosts/registry-store.ts";
import { createSigner, createVerifier, generateSigningKeys } from "../../../sync/publish/sign-manifest.ts";
import { MemoryKv } from "../../support/memory-kv.ts";

const ZONE = { id: "zone-1", name: "example.com" };
const SINCE = "2026-11-28T12:00:00.000Z";
const REGISTRY = {
  ...EMPTY_REGISTRY,
  routes: [{ id: "r1", pattern: "shop.example.com/*", script: "edgress", since: SINCE }],
};
const OLD_KEYS = generateSigningKeys();
const OLD = createSigner(OLD_KEYS.privateKey);
const FRESH_KEYS = generateSigningKeys();
const FRESH = createSigner(FRESH_KEYS.privateKey);
const BOTH = createVerifier([OLD_KEYS.publicKey, FRESH_KEYS.publicKey]);

test("Each attempt of a registry's write checks the fence", async () => {
  const kv = new MemoryKv();
  let isLeader = true;
  const fence = {
    check: () => {
      if (!isLeader) throw new Error("not the leader");
    },
  };
  kv.put = async () => {
    isLeader = false; // during the first attempt
    findCallRules().checkFence?.(); // as the API client does before the second one
    assert.fail("the fence was passed");
  };
  await assert.rejects(createRegistryStore(kv, OLD, OLD, 0).write(ZONE, REGISTRY, fence), /not the leader/);
});

test("A registry with the signature of an old key gets a new one, and stays readable without the old key", async () => {
  const kv = new MemoryKv();
  await createRegistryStore(kv, OLD, OLD, 0).write(ZONE, REGISTRY, NO_FENCE);
  const store = createRegistryStore(kv, FRESH, BOTH, 0);
  await store.renewSignatures(NO_FENCE);
  assert.deepEqual(await readHostRegistries(kv, FRESH), [{ zone: ZONE, ...REGISTRY }]);
  const { length } = kv.writtenKeys;
  await store.renewSignatures(NO_FENCE);
  assert.equal(kv.writtenKeys.length, length);
});

test("A registry with a foreign signature is not signed", async () => {
  const kv = new MemoryKv();
  const foreign = createSigner(generateSigningKeys().privateKey);
  await createRegistryStore(kv, foreign, foreign, 0).write(ZONE, REGISTRY, NO_FENCE);
  const before = kv.values.get(hostRegistryKey(ZONE.id));
  await createRegistryStore(kv, FRESH, BOTH, 0).renewSignatures(NO_FENCE);
  assert.equal(kv.values.get(hostRegistryKey(ZONE.id)), before);
});
