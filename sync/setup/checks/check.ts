/** Result of one check. `skipped`: the token may not read it, or the object does not exist yet. */
export interface CheckResult {
  /** Stable name, for programs. */
  readonly name: string;
  /** The zone, permission or Worker that was checked. */
  readonly subject?: string;
  readonly status: "ok" | "warning" | "error" | "skipped";
  readonly message: string;
  /** What to do. */
  readonly remedy?: string;
}

export type Check = (name: string) => CheckReport;

/** Builds the results of one check. */
interface CheckReport {
  ok(message: string, subject?: string): CheckResult;
  warning(message: string, remedy: string, subject?: string): CheckResult;
  error(message: string, remedy: string, subject?: string): CheckResult;
  skipped(message: string, subject?: string): CheckResult;
}

/** Creates the builder of a check's results. */
export const check: Check = (name) => ({
  ok: (message, subject) => ({ name, ...withSubject(subject), status: "ok", message }),
  warning: (message, remedy, subject) => ({ name, ...withSubject(subject), status: "warning", message, remedy }),
  error: (message, remedy, subject) => ({ name, ...withSubject(subject), status: "error", message, remedy }),
  skipped: (message, subject) => ({ name, ...withSubject(subject), status: "skipped", message }),
});

function withSubject(subject: string | undefined): { readonly subject?: string } {
  return subject === undefined ? {} : { subject };
}

/** Whether a result makes the edge fail. */
export function hasFailedCheck(results: readonly CheckResult[]): boolean {
  return results.some(({ status }) => status === "error");
}
