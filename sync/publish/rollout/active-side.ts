import { compareText } from "../../../src/rules/compare-text.ts";
import type { Manifest, Rules } from "../../../src/rules/snapshot.ts";
import type { Kv } from "../../cloudflare/kv.ts";
import { formatMissingBlobs } from "../blobs.ts";
import { type PublishedSnapshot, readHosts } from "../read-published.ts";
import { withCandidateGuards } from "./candidate-guards.ts";
import type { ActiveSide } from "./plan-candidate.ts";

/**
 * Returns the active rules with the guards of a candidate. If guards change, it reads the rules from KV, because a secret
 * of the active rules may be there only, encrypted. Rejects if a part is missing.
 */
export async function readActiveSide(
  manifest: Manifest,
  { hosts }: Pick<PublishedSnapshot, "hosts">,
  candidate: Rules,
  kv: Kv,
): Promise<ActiveSide> {
  if (withCandidateGuards(hosts, candidate.hosts) === hosts) return { manifest, hosts, isUnchanged: true };
  const stored = await readHosts(kv, manifest);
  if (stored.missingBlobs.length > 0)
    throw new Error(`the active rules are incomplete in KV: ${formatMissingBlobs(stored.missingBlobs, "shard")}`);
  const storedHosts = stored.hosts.toSorted((a, b) => compareText(a.host, b.host));
  return { manifest, hosts: withCandidateGuards(storedHosts, candidate.hosts), isUnchanged: false };
}
