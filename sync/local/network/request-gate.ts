import { setTimeout as sleep } from "node:timers/promises";

/** Holds requests back while the Worker is replaced, because a deployment on Cloudflare fails no request. */
export interface RequestGate {
  /** Calls `handle` at once, or when the gate is open again. `handle` gets the function that ends the request. */
  enter(handle: (leave: () => void) => void): void;
  /** Runs `work` while no request is handled. Waits a limited time for the requests in progress. */
  closeDuring<T>(work: () => Promise<T>): Promise<T>;
}

const DRAIN_TIMEOUT_MS = 2000;
const DRAIN_POLL_MS = 5;

/** Creates an open gate. */
export function createRequestGate(): RequestGate {
  let inProgress = 0;
  let closings = 0;
  let waiting: ((leave: () => void) => void)[] = [];
  const start = (handle: (leave: () => void) => void) => {
    inProgress += 1;
    let hasLeft = false;
    handle(() => {
      if (!hasLeft) inProgress -= 1;
      hasLeft = true;
    });
  };
  return {
    enter(handle) {
      if (closings > 0) waiting.push(handle);
      else start(handle);
    },
    async closeDuring(work) {
      closings += 1;
      try {
        for (const end = Date.now() + DRAIN_TIMEOUT_MS; inProgress > 0 && Date.now() < end; )
          await sleep(DRAIN_POLL_MS);
        return await work();
      } finally {
        closings -= 1;
        const released = closings === 0 ? waiting : [];
        if (closings === 0) waiting = [];
        for (const handle of released) start(handle);
      }
    },
  };
}
