import { once } from "node:events";
import { watch } from "chokidar";

const DEBOUNCE_MS = 150;

/** Yields at first, and again after each change below a folder, when the folder has been quiet for a moment. */
export async function* watchFolder(folder: string, signal: AbortSignal): AsyncGenerator<void> {
  const watcher = watch(folder, { ignoreInitial: true, persistent: true });
  try {
    await once(watcher, "ready");
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
