import { setTimeout as sleep } from "node:timers/promises";
import { isOutcomeUnknown } from "./client.ts";

const MAX_ATTEMPTS = 5;

/** The steps of a batch that may be repeated in part. */
export interface BatchSteps<Batch> {
  readonly send: (batch: Batch) => Promise<void>;
  /** Reads the account again. Returns the part of the batch that is not done; undefined if all is done. */
  readonly findRest: (batch: Batch) => Promise<Batch | undefined>;
  /** Whether an error may be the effect of a batch that was done before. */
  readonly isConflict: (error: unknown) => boolean;
}

/**
 * Sends a batch, and never repeats it blindly. After a lost response or a conflict, it reads the account again and sends only
 * the rest. A conflict that the rest still has is thrown, unless an earlier response was lost.
 */
export async function sendWithComparison<Batch>(
  batch: Batch,
  steps: BatchSteps<Batch>,
  pauseMs: number,
): Promise<void> {
  let rest: Batch | undefined = batch;
  let hasLostResponse = false;
  for (let attempt = 1; rest !== undefined; attempt++) {
    const error = await trySend(rest, steps);
    if (error === undefined) return;
    hasLostResponse ||= isOutcomeUnknown(error);
    const isConflict = steps.isConflict(error);
    if (attempt === MAX_ATTEMPTS || !(isConflict || isOutcomeUnknown(error))) throw error;
    const sent: Batch = rest;
    rest = await steps.findRest(sent);
    if (isConflict && !hasLostResponse && rest === sent) throw error;
    if (rest !== undefined) await sleep(pauseMs * attempt);
  }
}

/** Resolves with the error of a batch; undefined if it is done. */
async function trySend<Batch>(batch: Batch, { send }: BatchSteps<Batch>): Promise<unknown> {
  try {
    await send(batch);
    return undefined;
  } catch (error) {
    return error;
  }
}
