import * as z from "zod";
import { toCanonicalJson } from "../publish/canonical-json.ts";
import type { Signer } from "../publish/sign-manifest.ts";
import { UsageError } from "../runtime/usage-error.ts";
import type { PlanFingerprint } from "./plan.ts";

const SAVED_FORMAT = 1;

const Content = z.strictObject({
  savedPlan: z.literal(SAVED_FORMAT),
  savedAt: z.string(),
  kvNamespaceId: z.string(),
  options: z.record(z.string(), z.unknown()), // of the command that made the plan
  fingerprint: z.strictObject({ generation: z.number(), current: z.string(), rules: z.string(), objects: z.string() }),
});

/** A plan to carry out later: the options of its inputs, and the fingerprint of its result. */
export interface SavedPlan {
  readonly savedAt: string;
  readonly kvNamespaceId: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly fingerprint: PlanFingerprint;
}

/** Returns the content of a plan file. Its signature shows a later change of the file. */
export function serializeSavedPlan(plan: SavedPlan, signer: Signer): string {
  return signer.sign(toCanonicalJson({ savedPlan: SAVED_FORMAT, ...plan }));
}

/** Reads a plan file. Throws a `UsageError` if it is not one, or has another signature or KV namespace. */
export function parseSavedPlan(text: string, path: string, signer: Signer, kvNamespaceId: string): SavedPlan {
  const content = signer.verify(text);
  if (content === undefined)
    throw new UsageError(
      `plan is invalid: ${path}. It is not from \`edgress plan --out\` with this EDGRESS_SIGNING_KEY`,
    );
  const result = Content.safeParse(JSON.parse(content));
  if (!result.success)
    throw new UsageError(`plan is invalid: ${path}. It is from another version of edgress; plan again`);
  const { savedPlan: _, ...plan } = result.data;
  if (plan.kvNamespaceId !== kvNamespaceId)
    throw new UsageError(`plan is for another KV namespace: ${plan.kvNamespaceId}. Set its EDGRESS_KV_NAMESPACE_ID`);
  return plan;
}
