import { GENERATION_PREFIX } from "../../../src/rules/kv-keys.ts";
import type { Kv } from "../../cloudflare/kv.ts";
import { parseGeneration } from "../prune-history.ts";
import { GenerationMetadata } from "./generation-metadata.ts";

/** A generation in the list of the history. */
export interface HistoryEntry {
  readonly generation: number;
  /** Undefined if the key has no readable metadata. */
  readonly metadata: GenerationMetadata | undefined;
}

/** Lists the generations in KV, newest first, with one list and no read. */
export async function readHistory(kv: Kv): Promise<HistoryEntry[]> {
  const entries = [...(await kv.listMetadata(GENERATION_PREFIX))].flatMap(([key, value]): HistoryEntry[] => {
    const generation = parseGeneration(key);
    const result = GenerationMetadata.safeParse(value);
    return generation === undefined ? [] : [{ generation, metadata: result.success ? result.data : undefined }];
  });
  return entries.toSorted((a, b) => b.generation - a.generation);
}
