import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { StorageCounts } from "./storage-process.ts";

/** KV, cache and origin of measured Workers. */
export interface Storage {
  readonly ports: { readonly kv: number; readonly cache: number; readonly origin: number };
  /** Returns the operations since the last call. */
  takeCounts(): Promise<StorageCounts>;
  close(): Promise<void>;
}

/** Starts the processes with the values of KV. KV answers after `delayMs`. */
export async function startStorage(values: ReadonlyMap<string, string>, delayMs = 0): Promise<Storage> {
  const folder = await mkdtemp(join(tmpdir(), "edgress-bench-"));
  const file = join(folder, "kv.json");
  await writeFile(file, JSON.stringify([...values]));
  const child = fork(fileURLToPath(new URL("storage-process.ts", import.meta.url)), [file, String(delayMs)]);
  const [ports] = (await once(child, "message")) as [Storage["ports"]];
  return {
    ports,
    async takeCounts() {
      const response = await fetch(`http://127.0.0.1:${ports.kv}/counts`);
      return (await response.json()) as StorageCounts;
    },
    async close() {
      child.disconnect();
      await rm(folder, { recursive: true });
    },
  };
}
