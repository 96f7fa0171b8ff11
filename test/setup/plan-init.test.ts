import assert from "node:assert/strict";
import { test } from "node:test";
import { findForeignWorker, type InitState, planInit } from "../../sync/setup/steps/plan-init.ts";
import { KEYS } from "../support/publish/signing.ts";
import { answer, BUILD, buildSettings, buildWorker, NAMESPACE_ID } from "../support/setup/sample-facts.ts";

const keys = KEYS;
const EMPTY: InitState = {
  settings: buildSettings({ namespaceId: undefined }),
  variables: {},
  namespace: undefined,
  namespaceContent: undefined,
  isNamespaceOfEarlierRun: false,
  worker: undefined,
  build: BUILD,
  secretManifest: "unwanted",
  accountVariables: { CLOUDFLARE_ACCOUNT_ID: "a", CLOUDFLARE_API_TOKEN: "t" },
};
const COMPLETE: InitState = {
  ...EMPTY,
  settings: buildSettings({ verifyingKeys: [keys.publicKey] }),
  variables: {
    ...EMPTY.accountVariables,
    EDGRESS_SIGNING_KEY: keys.privateKey,
    EDGRESS_ENCRYPTION_KEY: "e",
    EDGRESS_STATUS_TOKEN: "s",
    EDGRESS_KV_NAMESPACE_ID: NAMESPACE_ID,
  },
  namespace: { id: NAMESPACE_ID, title: "edgress-rules" },
  worker: buildWorker(keys.publicKey),
  secretManifest: "current",
};

function listPending(state: InitState): string[] {
  return planInit(state).flatMap(({ isDone, description }) => (isDone ? [] : [description]));
}

test("An empty account gets every step, the keys of the controller before the Worker that accepts them", () => {
  assert.deepEqual(listPending({ ...EMPTY, secretManifest: "outdated" }), [
    "KV namespace edgress-rules",
    "signing key of the controller",
    `Worker edgress: deploy ${BUILD}`,
    "secrets of the Worker: EDGRESS_DECRYPTION_KEY, EDGRESS_STATUS_TOKEN",
    "variables of the controller",
    "Kubernetes Secret with the controller's variables",
  ]);
});

test("A complete set-up has no step left", () => {
  assert.deepEqual(listPending(COMPLETE), []);
});

test("A secret of which the controller's half was not written is set again", () => {
  const { EDGRESS_ENCRYPTION_KEY: _, ...variables } = COMPLETE.variables;
  const pending = listPending({ ...COMPLETE, variables });
  assert.equal(pending[0], "secrets of the Worker: EDGRESS_DECRYPTION_KEY");
});

test("A Worker of another version, with another binding or on workers.dev is deployed again", () => {
  const worker = { ...buildWorker(keys.publicKey), exposure: answer({ isEnabled: false, hasPreviews: true }) };
  const bindings = worker.bindings.map((one) => (one.name === "EDGRESS_BUILD" ? { ...one, value: "0.0.9+x" } : one));
  const settings = { ...COMPLETE.settings, analytics: true };
  assert.deepEqual(listPending({ ...COMPLETE, settings, worker: { ...worker, bindings } }), [
    `Worker edgress: deploy again (version 0.0.9+x → ${BUILD}, binding ANALYTICS, workers.dev off)`,
  ]);
});

test("A KV namespace with the title that the settings do not know is only adopted, with what it has", () => {
  const content = {
    isEmpty: false,
    generation: 7,
    publishedAt: undefined,
    owner: { type: "cluster", cluster: "u1" },
  } as const;
  const state = { ...COMPLETE, settings: buildSettings({ namespaceId: undefined }), namespaceContent: content };
  assert.deepEqual(planInit(state)[0], {
    type: "adopt-namespace",
    isDone: false,
    description: `use the existing KV namespace edgress-rules (${NAMESPACE_ID}, generation 7, owned by cluster u1)`,
  });
});

test("A Worker of another set-up or of another product is never deployed over", () => {
  assert.equal(findForeignWorker(COMPLETE), undefined);
  assert.equal(findForeignWorker(EMPTY), undefined);
  assert.match(
    findForeignWorker({ ...COMPLETE, variables: {} }) ?? "",
    /^Worker belongs to another set-up: edgress accepts the key \S+=\. Use the folder /,
  );
  const worker = { ...buildWorker(""), bindings: [] };
  assert.match(findForeignWorker({ ...COMPLETE, worker }) ?? "", /^Worker is not of edgress: edgress\. Choose /);
});

test("After the loss of the KV namespace, the Worker and the controller get the new one", () => {
  assert.deepEqual(listPending({ ...COMPLETE, namespace: undefined, secretManifest: "unwanted" }), [
    "KV namespace edgress-rules",
    "Worker edgress: deploy again (binding RULES, binding EDGRESS_KV_NAMESPACE_ID)",
    "variables of the controller",
  ]);
});
