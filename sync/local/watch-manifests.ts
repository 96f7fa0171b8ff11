import { once } from "node:events";
import { watch } from "chokidar";
import { STANDARD_INPUT } from "../collect/manifests.ts";

const DEBOUNCE_MS = 150;

/**
 * Yields at first, and again after each change of a file or folder, when it has been quiet for a moment. Standard input
 * never changes.
 */
export async function* watchManifests(path: string, signal: AbortSignal): AsyncGenerator<void> {
  const watcher = watch(path === STANDARD_INPUT ? [] : path, { ignoreInitial: true, persistent: true });
  try {
    if (path !== STANDARD_INPUT) await once(watcher, "ready");
    let hasChanged = true;
    let wake = () => {};
    let debounceTimer: NodeJS.Timeout | undefined;
    watcher.on("all", () => {
      clearTimeout(debounceTimer);
      debounceTimer = setTimeout(() => {
        hasChanged = true;
        wake();
      }, DEBOUNCE_MS);
    });
    signal.addEventListener("abort", () => wake());
    while (!signal.aborted) {
      if (hasChanged) {
        hasChanged = false;
        yield;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    await watcher.close();
  }
}
