import { CURRENT_KEY } from "../../../src/rules/kv-keys.ts";
import { readUntilCurrent } from "../../leader-election/wait-for-generation.ts";
import type { WriteFence } from "../../publish/guard/write-fence.ts";
import { findCurrentGeneration, parseSignedManifest } from "../../publish/read-published.ts";
import type { ControllerDependencies, LoopState } from "../loop-state.ts";
import { type PublishedBase, type PublishedState, previousStateFrom, readPublishedState } from "../publish-cluster.ts";

/** KV may be late to show a write. After this number of failures, missing parts are treated as lost. */
const MAX_STRICT_READ_FAILURES = 3;

/** Creates the fence of a leader, which reserves each generation before it is written. */
export function createLeaderFence({ leadership, account }: ControllerDependencies, term: number): WriteFence {
  const { namespaceId: kvNamespaceId } = account.kv;
  return {
    check: () => leadership.check(term),
    reserve: (generation) => leadership.reservations.reserve({ kvNamespaceId, generation, term }),
  };
}

/** Reads the published state, unless this term's last sync left it. After 3 failures it tolerates a missing part. */
export async function readLeaderBase(
  dependencies: ControllerDependencies,
  state: LoopState,
  term: number,
  signal: AbortSignal,
): Promise<PublishedBase> {
  if (state.term !== term) dependencies.hosts?.forget(); // another replica may have changed the registry
  const lastState = state.term === term ? state.publishedState : undefined;
  if (lastState && !(await isOvertaken(dependencies, lastState))) return buildBase(lastState, state.previousState);
  const onLoss = (problem: string) => dependencies.log.warn(`${problem}; the missing part is written again`);
  const isStrict = state.failures < MAX_STRICT_READ_FAILURES;
  const read = () => readPublishedState(dependencies, isStrict ? undefined : onLoss);
  const publishedState = await readReservedState(dependencies, read, term, signal);
  if (lastState) return buildBase(publishedState, state.previousState); // newer than in KV
  dependencies.regexChecker.restore(publishedState.controllerState.regexVerdicts);
  // In the same term, this process has a newer state than KV, because the write is deferred.
  const previousState = state.term === term ? state.previousState : previousStateFrom(publishedState.controllerState);
  return buildBase(publishedState, previousState);
}

/**
 * Reads the published state, and waits if KV does not show the generation that the last leader reserved. In the same term
 * it does not wait, because this process knows that its own publication failed.
 */
async function readReservedState(
  { account: { kv, verifier }, leadership, sleep, log }: ControllerDependencies,
  read: () => Promise<PublishedState>,
  term: number,
  signal: AbortSignal,
): Promise<PublishedState> {
  const reservation = await leadership.reservations.read(kv.namespaceId);
  const { generation = 0 } = reservation ?? {};
  const awaited = reservation?.term === term ? 0 : generation;
  const generationIn = ({ snapshot }: PublishedState) => findCurrentGeneration(snapshot, verifier);
  const tools = { sleep, log: (line: string) => log.warn(line), check: () => leadership.check(term) };
  const state = await readUntilCurrent(read, generationIn, awaited, tools, signal);
  const highestGeneration = Math.max(state.snapshot.highestGeneration, generation); // the next number is above it
  const mayBeStale = generationIn(state) < generation;
  return { ...state, snapshot: { ...state.snapshot, highestGeneration, mayBeStale } };
}

function buildBase(publishedState: PublishedState, previousState: LoopState["previousState"]): PublishedBase {
  return { publishedState, previousState, publishedZones: publishedState.snapshot.manifest?.zones };
}

/** Whether a command of an operator published since the last sync: a rollback, for example. */
async function isOvertaken(
  { account: { kv, verifier }, log }: ControllerDependencies,
  { snapshot }: PublishedState,
): Promise<boolean> {
  const manifest = parseSignedManifest(await kv.get(CURRENT_KEY), verifier);
  if (!manifest || manifest.generation <= snapshot.highestGeneration || manifest.author.command === "sync")
    return false;
  log.info(`read generation=${manifest.generation} of edgress ${manifest.author.command}`);
  return true;
}
