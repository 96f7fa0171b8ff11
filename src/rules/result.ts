/** A parsed value, or the problem with the text. A user's mistake is a value and never throws. */
export type Result<T> = { ok: true; value: T } | { ok: false; problem: string };

export function success<T>(value: T): Result<T> {
  return { ok: true, value };
}

export function failure<T>(problem: string): Result<T> {
  return { ok: false, problem };
}
