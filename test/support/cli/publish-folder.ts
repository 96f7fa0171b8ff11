import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { stringify } from "yaml";
import { readPublishedSnapshot } from "../../../sync/publish/read-published.ts";
import { createSigner } from "../../../sync/publish/sign-manifest.ts";
import { buildEnvironment, startMemoryAccount } from "../controller/memory-account.ts";
import { MemoryKv } from "../memory-kv.ts";
import { KEYS } from "../publish/signing.ts";
import { runEdgress } from "./edge-cli.ts";

/** Starts an account in memory, and a folder to publish to it, for all tests of a file. */
export async function startPublishFolder(zones: readonly string[] = ["example.com"]) {
  const keys = KEYS;
  const kv = new MemoryKv();
  const account = await startMemoryAccount(zones, kv, () => {});
  const folder = await mkdtemp(join(tmpdir(), "edgress-publish-folder-"));
  const environment = buildEnvironment(account, keys.privateKey);
  after(async () => {
    await account.close();
    await rm(folder, { recursive: true });
  });
  return {
    keys,
    kv,
    account,
    folder,
    environment,
    /** Replaces the manifests of the folder. */
    async write(...objects: readonly object[]) {
      await writeFile(join(folder, "all.yaml"), objects.map((object) => stringify(object)).join("---\n"));
    },
    /** Runs `edgress publish` with the folder. */
    publish: (args: readonly string[] = [], variables: Readonly<Record<string, string>> = {}) =>
      runEdgress(["publish", "--manifests", folder, ...args], { ...environment, ...variables }),
    async listHosts(): Promise<string[]> {
      const { hosts } = await readPublishedSnapshot(kv, createSigner(keys.privateKey));
      return hosts.map(({ host }) => host).toSorted();
    },
    countWrites: () =>
      account.requests.filter(({ method, path }) => method !== "GET" && !path.endsWith("/bulk/get")).length,
  };
}
