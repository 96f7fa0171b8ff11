import { sleep } from "../runtime/sleep.ts";
import { type EdgeAnswer, type EdgeClient, formatAnswer } from "./edge-client.ts";

const POLL_INTERVAL_MS = 1000;

/** Whether the edge adopted a generation in time, and its last answer. */
export interface Adoption {
  readonly isAdopted: boolean;
  readonly url: string;
  readonly generation: number; // that was published
  readonly seconds: number;
  readonly answer: EdgeAnswer;
}

/** Resolves when the edge serves `generation` or a later one, or after `timeoutMs`. */
export async function waitForEdge(edge: EdgeClient, generation: number, timeoutMs: number): Promise<Adoption> {
  const startedAt = performance.now();
  for (;;) {
    const answer = await edge.readStatus();
    const elapsedMs = performance.now() - startedAt;
    const isAdopted = hasAdopted(answer, generation);
    if (isAdopted || elapsedMs >= timeoutMs)
      return { isAdopted, url: edge.url, generation, seconds: Math.round(elapsedMs / 1000), answer };
    await sleep(Math.min(POLL_INTERVAL_MS, timeoutMs - elapsedMs), new AbortController().signal);
  }
}

export function hasAdopted(answer: EdgeAnswer, generation: number): boolean {
  return answer.type === "serving" && answer.generation >= generation;
}

/** Formats the result of a wait as one line. */
export function formatAdoption({ isAdopted, url, generation, seconds, answer }: Adoption): string {
  if (isAdopted) return `the edge at ${url} serves generation=${generation} after ${seconds} s`;
  return `error the edge at ${url} does not serve generation ${generation} after ${seconds} s: ${formatAnswer(answer)}`;
}
