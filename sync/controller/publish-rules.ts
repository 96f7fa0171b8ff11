import type { ManifestAuthor, Rules } from "../../src/rules/snapshot.ts";
import type { Account } from "../publish/account.ts";
import type { WriteFence } from "../publish/guard/write-fence.ts";
import type { Pin } from "../publish/history/pin.ts";
import { publish } from "../publish/publish.ts";
import type { PublishedSnapshot } from "../publish/read-published.ts";
import { publishInStages, type Rollouts, type StagedPublication } from "../publish/rollout/publish-in-stages.ts";
import { keepPinned } from "./publish-pinned.ts";

interface RulesDependencies {
  readonly account: Account;
  readonly author: ManifestAuthor;
  readonly rollouts?: Rollouts | undefined;
}

/** The outcome of a sync by the leader. */
export type OutcomeType = "published" | "unchanged" | "pinned" | "staged" | "aborted";

/** Returns the rules whose origins need records: those of both sides, if changes are published in stages. */
export function selectServedRules(rules: Rules, { manifest, hosts }: PublishedSnapshot, hasStages: boolean): Rules {
  if (manifest?.rollback) return { ...rules, hosts };
  return hasStages && manifest ? { ...rules, hosts: [...rules.hosts, ...hosts] } : rules;
}

/** Publishes the rules to every client or in stages, or keeps those that a rollback pinned. */
export async function publishRules(
  dependencies: RulesDependencies,
  rules: Rules,
  snapshot: PublishedSnapshot,
  pin: Pin | undefined,
  fence: WriteFence,
  now: Date,
): Promise<StagedPublication> {
  const { account, author, rollouts } = dependencies;
  if (!pin && rollouts) return publishInStages(rules, snapshot, rollouts, { account, author, fence }, now);
  const { kv, signer, encryptor } = account;
  const publishResult = pin
    ? await keepPinned(dependencies, snapshot, fence, now)
    : await publish(rules, kv, signer, now, encryptor, { author, fence, snapshot });
  return { publishResult, rollout: undefined, promotion: undefined };
}

/** Returns the word for the outcome of a sync. */
export function findOutcomeType({ publishResult, rollout }: StagedPublication, pin: Pin | undefined): OutcomeType {
  if (pin) return "pinned";
  if (!publishResult.hasChanged) return "unchanged";
  if (!rollout) return "published";
  return rollout.type === "running" ? "staged" : "aborted";
}
