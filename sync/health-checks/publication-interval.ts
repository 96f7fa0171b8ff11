import { startTimer } from "./timer.ts";

/** Keeps publications of health apart, so that they do not use up the writes of the account. */
export interface PublicationInterval {
  /** Whether the last publication is long enough ago. */
  isDue(): boolean;
  /** Calls `onDue` once, when a publication is due. */
  request(): void;
  /** Remembers a publication and its generation. */
  markPublished(generation: number): void;
  /** Returns the generation of the last publication by this process. */
  lastGeneration(): number | undefined;
}

export function createPublicationInterval(intervalMs: number, onDue: () => void): PublicationInterval {
  let publishedAt = Number.NEGATIVE_INFINITY;
  let publishedGeneration: number | undefined;
  let isRequested = false;
  const remainingMs = () => Math.max(0, publishedAt + intervalMs - performance.now());
  return {
    isDue: () => remainingMs() === 0,
    request() {
      if (isRequested) return;
      isRequested = true;
      startTimer(remainingMs(), () => {
        isRequested = false;
        onDue();
      });
    },
    markPublished(generation) {
      publishedAt = performance.now();
      publishedGeneration = generation;
    },
    lastGeneration: () => publishedGeneration,
  };
}
