import { errorMessage } from "../../src/rules/error-message.ts";
import { failure, type Result, success } from "../../src/rules/result.ts";
import type { HostRules, Manifest } from "../../src/rules/snapshot.ts";
import type { Account } from "../publish/account.ts";
import { PartialReadError } from "../publish/blobs.ts";
import { type PublishedSnapshot, readPublishedSnapshot } from "../publish/read-published.ts";
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
  try {
    const snapshot = await readWithLoss<PublishedSnapshot>(readPublishedSnapshot(kv, verifier));
    const state = await readWithLoss<LoadedState>(readState(kv, signer));
    const { manifest, hosts } = snapshot.value;
    return success({ manifest, hosts, state: state.value, losses: [...snapshot.losses, ...state.losses] });
  } catch (error) {
    return failure(errorMessage(error));
  }
}

async function readWithLoss<T>(reading: Promise<T>): Promise<{ readonly value: T; readonly losses: string[] }> {
  try {
    return { value: await reading, losses: [] };
  } catch (error) {
    if (!(error instanceof PartialReadError)) throw error;
    return { value: error.partialResult as T, losses: [error.message] }; // of the same type
  }
}
