import type { Account } from "../../publish/account.ts";
import { createChangeCounter } from "../../publish/progress/count-changes.ts";
import { hasStarted } from "../../publish/progress/figures.ts";
import { formatProgressFields } from "../../publish/progress/format-progress.ts";
import type { Logger } from "../../report/log.ts";

const LINE_INTERVAL_MS = 10_000;

/** The log of the first sync, which may write much more than the others. */
export interface FirstSyncProgress {
  /** The account with counted changes. */
  readonly account: Account;
  /** Ends the log. */
  end(): void;
}

/** Starts to log the progress of a first sync every 10 s, while it writes. */
export function logFirstSync(
  account: Account,
  log: Pick<Logger, "info">,
  intervalMs = LINE_INTERVAL_MS,
): FirstSyncProgress {
  const counter = createChangeCounter();
  let loggedFields = "";
  const logFigures = () => {
    const fields = formatProgressFields(counter.figures());
    if (!hasStarted(counter.figures()) || fields === loggedFields) return;
    loggedFields = fields;
    log.info(counter.figures(), `first sync progressed ${fields}`);
  };
  const timer = setInterval(logFigures, intervalMs).unref();
  return {
    account: counter.count(account),
    end() {
      clearInterval(timer);
      counter.end();
    },
  };
}
