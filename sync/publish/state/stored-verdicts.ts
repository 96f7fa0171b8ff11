import * as z from "zod";
import type { Kv } from "../../cloudflare/kv.ts";
import { memoize } from "../../incremental/memoize.ts";
import { readBlobs } from "../blobs.ts";
import { computeDigest, toCanonicalJson } from "../canonical-json.ts";

const Verdict = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("safe"), degree: z.union([z.literal(1), z.literal(2)]) }),
  z.strictObject({ type: z.literal("unsafe"), problem: z.string() }),
  z.strictObject({ type: z.literal("unknown"), problem: z.string() }),
]);

const VerdictBlob = z.array(
  z.strictObject({ pattern: z.string(), verdict: Verdict, attempts: z.number(), checkedAt: z.number() }),
);

/** A regex check that a restarted controller does not repeat. */
export type PersistedVerdict = Readonly<z.infer<typeof VerdictBlob>[number]>;

/** Verdicts and the digest of their blob. Without verdicts there is no blob. */
export interface StoredVerdicts {
  readonly verdicts: readonly PersistedVerdict[];
  readonly digest: string | null;
}

export const NO_VERDICTS: StoredVerdicts = { verdicts: [], digest: null };

/** Reads verdicts. A blob that is missing or damaged is no error, because the checks can be repeated. */
export async function readVerdicts(
  kv: Kv,
  digest: string | null,
  formatKey: (digest: string) => string,
): Promise<StoredVerdicts> {
  if (digest === null) return NO_VERDICTS;
  const verdicts = (await readBlobs(kv, [digest], formatKey, VerdictBlob)).values.get(digest);
  return verdicts ? { verdicts, digest } : NO_VERDICTS;
}

/** Returns the blob of verdicts and its digest, or undefined without verdicts. */
export const serializeVerdicts = memoize((verdicts: readonly PersistedVerdict[]) => {
  if (verdicts.length === 0) return undefined;
  const text = toCanonicalJson(verdicts);
  return { text, digest: computeDigest(text) };
});
