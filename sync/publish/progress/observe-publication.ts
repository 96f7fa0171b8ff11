import { InterruptedError } from "../../runtime/interrupted-error.ts";
import type { Account } from "../account.ts";
import { parseSignedManifest } from "../read-published.ts";
import { createChangeCounter, type ManifestProgress } from "./count-changes.ts";
import type { PublicationFigures } from "./figures.ts";
import { createInterruption } from "./interruption.ts";

/** The progress of one publication, and its end by a signal. */
export interface PublicationObserver {
  /** Returns the same account, observed. */
  observe(account: Account): Account;
  figures(): PublicationFigures;
  /** Rejects with an `InterruptedError` after the signal, as soon as no write is under way. It never resolves. */
  readonly stopped: Promise<never>;
}

/** Creates the observer of one publication. The reason of the signal is its name: "SIGINT". */
export function createPublicationObserver(signal: AbortSignal): PublicationObserver {
  const counter = createChangeCounter();
  let observed: Account | undefined;
  const describe = () => {
    const manifest = counter.manifest();
    const active = observed && parseSignedManifest(manifest.activeBytes, observed.verifier);
    return new InterruptedError(String(signal.reason), formatInterruption(manifest, active?.generation));
  };
  const { guard, stopped } = createInterruption(signal, describe);
  return {
    observe(account) {
      observed = account;
      return guard(counter.count(account));
    },
    figures: counter.figures,
    stopped,
  };
}

/** Formats the active generation after an interruption, and what to do. */
export function formatInterruption(
  { wasRead, generation, state }: Omit<ManifestProgress, "activeBytes">,
  activeGeneration: number | undefined,
): string {
  if (state === "published")
    return `interrupted: generation ${generation} is published. If records or routes are missing, run the command again`;
  if (state === "unknown")
    return `interrupted: the write of generation ${generation} has no response, so it may be published. Run the command again`;
  if (!wasRead) return "interrupted: nothing was written. Run the command again";
  const active =
    activeGeneration === undefined ? "nothing is published" : `generation ${activeGeneration} stays active`;
  return `interrupted: ${active}; nothing of the new generation is served. Run the command again`;
}
