import assert from "node:assert/strict";
import { test } from "node:test";
import { generateSigningKeys } from "../../sync/publish/sign-manifest.ts";
import { findRotationStep, type RotationState } from "../../sync/setup/keys/rotation.ts";
import { buildSettings, buildWorker } from "../support/setup/sample-facts.ts";

const [old, fresh] = [generateSigningKeys(), generateSigningKeys()];
const BOTH = `${old.publicKey},${fresh.publicKey}`;
const TWO_SLOTS = ["EDGRESS_DECRYPTION_KEY", "EDGRESS_DECRYPTION_KEY_2"];
const rotation = { slot: "EDGRESS_DECRYPTION_KEY_2", isAccepted: false } as const;

const START: RotationState = {
  settings: buildSettings(),
  variables: { EDGRESS_SIGNING_KEY: old.privateKey, EDGRESS_ENCRYPTION_KEY: "e1" },
  next: {},
  worker: buildWorker(old.publicKey, ["EDGRESS_DECRYPTION_KEY"]),
  edge: { type: "serving", generation: 4, verifyingKeys: [old.publicKey], encryptionKeys: ["e1"], rejected: undefined },
  publication: { type: "signed", generation: 4, publishedAt: 0 },
  now: 1_000_000,
  settleMs: 600_000,
};
const BEGUN = { ...START, settings: buildSettings({ rotation }), next: { EDGRESS_SIGNING_KEY: fresh.privateKey } };
const WITH_SECRET = {
  ...BEGUN,
  next: { ...BEGUN.next, EDGRESS_ENCRYPTION_KEY: "e2" },
  worker: buildWorker(old.publicKey, TWO_SLOTS),
};
const WITH_BOTH = { ...WITH_SECRET, worker: buildWorker(BOTH, TWO_SLOTS) };
const SWITCHED: RotationState = {
  ...WITH_BOTH,
  settings: buildSettings({ rotation: { ...rotation, isAccepted: true } }),
  variables: { EDGRESS_SIGNING_KEY: fresh.privateKey, EDGRESS_ENCRYPTION_KEY: "e2" },
  next: {},
};
const KEYS = { verifyingKeys: [old.publicKey, fresh.publicKey], encryptionKeys: ["e1", "e2"] };

test("A rotation uses the slot of decryption keys that is free", () => {
  assert.deepEqual(findRotationStep(START), { type: "begin", slot: "EDGRESS_DECRYPTION_KEY_2" });
  const worker = buildWorker(old.publicKey, ["EDGRESS_DECRYPTION_KEY_2"]);
  assert.deepEqual(findRotationStep({ ...START, worker }), { type: "begin", slot: "EDGRESS_DECRYPTION_KEY" });
});

test("A rotation does not begin if the Worker has two decryption keys, because one of them is in use", () => {
  const worker = buildWorker(old.publicKey, TWO_SLOTS);
  assert.throws(() => findRotationStep({ ...START, worker }), /the Worker has two decryption keys, and no rotation/);
});

test("The Worker accepts the new keys before the controller has them", () => {
  assert.equal(findRotationStep(BEGUN).type, "put-decryption-key");
  assert.deepEqual(findRotationStep(WITH_SECRET), { type: "deploy", verifyingKeys: [old.publicKey, fresh.publicKey] });
  assert.deepEqual(findRotationStep(WITH_BOTH), { type: "confirm-edge", isConfirmed: false });
});

test("The edge confirms with both verifying keys and the new encryption key", () => {
  const edge = { type: "no-snapshot", reason: "none", ...KEYS } as const;
  assert.deepEqual(findRotationStep({ ...WITH_BOTH, edge }), { type: "confirm-edge", isConfirmed: true });
  const withoutNew = { ...edge, encryptionKeys: ["e1"] };
  assert.deepEqual(findRotationStep({ ...WITH_BOTH, edge: withoutNew }), { type: "confirm-edge", isConfirmed: false });
  const unavailable = { type: "unavailable", problem: "timeout" } as const;
  assert.deepEqual(findRotationStep({ ...WITH_BOTH, edge: unavailable }), { type: "confirm-edge", isConfirmed: false });
});

test("The controller switches after every location accepts the new keys", () => {
  const settings = buildSettings({ rotation: { ...rotation, isAccepted: true } });
  assert.equal(findRotationStep({ ...WITH_BOTH, settings }).type, "switch-controller");
});

test("The old keys stay while the manifest has the old signature, or is younger than KV's delay, or is not served", () => {
  const serving = { type: "serving", generation: 5, rejected: undefined, ...KEYS } as const;
  const other = { type: "signed-with-other-key" } as const;
  assert.equal(findRotationStep({ ...SWITCHED, publication: other }).type, "restart-controller");
  const young = { type: "signed", generation: 5, publishedAt: 700_000 } as const;
  assert.deepEqual(findRotationStep({ ...SWITCHED, publication: young, edge: serving }), {
    type: "settle",
    generation: 5,
    remainingMs: 300_000,
  });
  const settled = { ...young, publishedAt: 0 };
  const stale = { ...serving, generation: 4 };
  assert.equal(findRotationStep({ ...SWITCHED, publication: settled, edge: stale }).type, "settle");
  assert.deepEqual(findRotationStep({ ...SWITCHED, publication: settled, edge: serving }), {
    type: "deploy",
    verifyingKeys: [fresh.publicKey],
  });
});

test("The old verifying key goes first, then the old decryption key, then the rotation ends", () => {
  const deployed = { ...SWITCHED, worker: buildWorker(fresh.publicKey, TWO_SLOTS) };
  assert.deepEqual(findRotationStep(deployed), { type: "delete-decryption-key", slot: "EDGRESS_DECRYPTION_KEY" });
  const deleted = { ...SWITCHED, worker: buildWorker(fresh.publicKey, ["EDGRESS_DECRYPTION_KEY_2"]) };
  assert.deepEqual(findRotationStep(deleted), { type: "finish", verifyingKeys: [fresh.publicKey] });
});

test("A rotation that was interrupted between the two files of the switch goes on after it", () => {
  const next = { EDGRESS_SIGNING_KEY: fresh.privateKey, EDGRESS_ENCRYPTION_KEY: "e2" };
  assert.equal(
    findRotationStep({ ...SWITCHED, next, publication: { type: "signed-with-other-key" } }).type,
    "restart-controller",
  );
});
