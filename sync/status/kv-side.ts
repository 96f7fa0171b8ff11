import { errorMessage } from "../../src/rules/error-message.ts";
import { failure, type Result, success } from "../../src/rules/result.ts";
import type { HostRules, Manifest } from "../../src/rules/snapshot.ts";
import type { Account } from "../publish/account.ts";
import { tolerateLoss } from "../publish/blobs.ts";
import { readPublishedSnapshot } from "../publish/read-published.ts";
import { type LoadedState, readState } from "../publish/state/state.ts";

/** The published rules and the controller state in KV. */
export interface KvSide {
  /** Undefined if nothing is published with this signing key. */
  readonly manifest: Manifest | undefined;
  readonly hosts: readonly HostRules[];
  readonly state: LoadedState;
  /** Parts that are missing or damaged in KV. */
  readonly losses: readonly string[];
}

/** Reads the published rules and the controller state. It never rejects. */
export async function readKvSide({ kv, signer, verifier }: Account): Promise<Result<KvSide>> {
  const losses: string[] = [];
  const onLoss = (problem: string) => losses.push(problem);
  try {
    const { manifest, hosts } = await tolerateLoss(readPublishedSnapshot(kv, verifier), onLoss);
    const state = await tolerateLoss(readState(kv, signer, verifier), onLoss);
    return success({ manifest, hosts, state, losses });
  } catch (error) {
    return failure(errorMessage(error));
  }
}
