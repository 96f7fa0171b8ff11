import * as z from "zod";
import type { Kv } from "../../cloudflare/kv.ts";
import { memoize } from "../../incremental/memoize.ts";
import { readBlobs } from "../blobs.ts";
import { computeDigest, toCanonicalJson } from "../canonical-json.ts";

/** Version of the regex check. Raise it if a regex gets another verdict: then verdicts of earlier versions are not used. */
const CHECK_VERSION = 2;

const Verdict = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("safe"), maxBytes: z.int() }),
  z.strictObject({ type: z.literal("unsafe"), problem: z.string() }),
  z.strictObject({ type: z.literal("unknown"), problem: z.string() }),
]);

const VerdictEntry = z.strictObject({
  pattern: z.string(),
  verdict: Verdict,
  attempts: z.number(),
  checkedAt: z.number(),
});

const VerdictBlob = z.strictObject({ check: z.literal(CHECK_VERSION), verdicts: z.array(VerdictEntry) });

/** A regex check that a restarted controller does not repeat. */
export type PersistedVerdict = Readonly<z.infer<typeof VerdictEntry>>;

/** Verdicts and the digest of their blob. Without verdicts there is no blob. */
export interface StoredVerdicts {
  readonly verdicts: readonly PersistedVerdict[];
  readonly digest: string | null;
}

export const NO_VERDICTS: StoredVerdicts = { verdicts: [], digest: null };

/** Reads verdicts. A blob that is missing, damaged or of another check is no error: the checks are repeated. */
export async function readVerdicts(
  kv: Kv,
  digest: string | null,
  formatKey: (digest: string) => string,
): Promise<StoredVerdicts> {
  if (digest === null) return NO_VERDICTS;
  const blob = (await readBlobs(kv, [digest], formatKey, VerdictBlob)).values.get(digest);
  return blob ? { verdicts: blob.verdicts, digest } : NO_VERDICTS;
}

/** Returns the blob of verdicts and its digest, or undefined without verdicts. */
export const serializeVerdicts = memoize((verdicts: readonly PersistedVerdict[]) => {
  if (verdicts.length === 0) return undefined;
  const text = toCanonicalJson({ check: CHECK_VERSION, verdicts });
  return { text, digest: computeDigest(text) };
});
