import { once } from "node:events";
import { watch } from "chokidar";

const QUIET_MS = 150;

/** Yields once at first, and again after each change below a folder, when the folder has been quiet for a moment. */
export async function* changesOf(folder: string, ended: AbortSignal): AsyncGenerator<void> {
  const watcher = watch(folder, { ignoreInitial: true, persistent: true });
  try {
    await once(watcher, "ready");
    let changed = true;
    let wake = () => {};
    let quiet: NodeJS.Timeout | undefined;
    watcher.on("all", () => {
      clearTimeout(quiet);
      quiet = setTimeout(() => {
        changed = true;
        wake();
      }, QUIET_MS);
    });
    ended.addEventListener("abort", () => wake());
    while (!ended.aborted) {
      if (changed) {
        changed = false;
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
