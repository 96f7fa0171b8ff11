import { writeFileSync } from "node:fs";
import { parseCluster } from "../../../sync/collect/parse-objects.ts";
import { compile } from "../../../sync/compile/compile.ts";
import { createCompileCache } from "../../../sync/compile/compile-cache.ts";
import { createSecretEncryptor, generateEncryptionKeys } from "../../../sync/publish/encrypt-secrets.ts";
import { publish } from "../../../sync/publish/publish.ts";
import { createSigner } from "../../../sync/publish/sign-manifest.ts";
import { MemoryKv } from "../../support/memory-kv.ts";
import { KEYS } from "../../support/publish/signing.ts";
import { BENCH_OPTIONS } from "../controller/compile-options.ts";

/** A published snapshot, and the variables of a Worker that can read it. */
export interface StoredSnapshot {
  readonly variables: Readonly<Record<string, string>>;
  readonly values: ReadonlyMap<string, string>; // of the KV namespace
}

/** Compiles objects and publishes them into a KV in memory. Throws if an object has a problem. */
export async function publishSnapshot(objects: readonly object[]): Promise<StoredSnapshot> {
  const [signing, encryption] = [KEYS, generateEncryptionKeys()];
  const encryptor = createSecretEncryptor(signing.privateKey, encryption.publicKey);
  const cluster = parseCluster(objects.map((object) => ({ object, source: "the API" })));
  const options = { ...BENCH_OPTIONS, watchIngressWithoutClass: true, tokenizeSecret: encryptor.tokenizeSecret };
  const { rules, diagnostics } = compile({ ...cluster, certificates: "unknown" }, options, createCompileCache());
  const [diagnostic] = diagnostics;
  if (diagnostic) throw new Error(`${diagnostics.length} diagnostics, such as ${JSON.stringify(diagnostic)}`);
  const kv = new MemoryKv();
  await publish(rules, kv, createSigner(signing.privateKey), new Date(), encryptor);
  const variables = {
    EDGRESS_VERIFYING_KEY: signing.publicKey,
    EDGRESS_DECRYPTION_KEY: encryption.privateKey,
    EDGRESS_KV_NAMESPACE_ID: kv.namespaceId,
  };
  return { variables, values: kv.values };
}

/** Publishes objects and writes the values of KV to a file, as pairs. Returns the variables of a Worker. */
export async function writeSnapshot(objects: readonly object[], file: string): Promise<StoredSnapshot["variables"]> {
  const { variables, values } = await publishSnapshot(objects);
  writeFileSync(file, JSON.stringify([...values]));
  return variables;
}
