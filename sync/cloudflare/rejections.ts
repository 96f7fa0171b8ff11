import Cloudflare from "cloudflare";

/** Thrown if Cloudflare rejects a change. The request and its rights are valid. */
export class ChangeRejectedError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** Error codes that are not about a change: an object that is already deleted, and faults of the request or the token. */
const OTHER_CODES = new Set([81044, 1000, 1001, 6003, 6111, 6103, 7000, 7003, 9109, 10000]);
const REJECTION_STATUSES = [400, 404, 409];

/** An error of the API. The useful code may be in `error_chain`. */
interface ChainedError {
  readonly code?: number;
  readonly message?: string;
  readonly error_chain?: readonly ChainedError[];
}

/** Returns the rejection of a change of an `object`; undefined for another error. */
export function readChangeRejection(error: unknown, object: string): ChangeRejectedError | undefined {
  if (!(error instanceof Cloudflare.APIError) || !REJECTION_STATUSES.includes(error.status ?? 0)) return undefined;
  const { code, message } = readFirstError(error);
  if (code === undefined || OTHER_CODES.has(code)) return undefined;
  return new ChangeRejectedError(code, `Cloudflare rejected the ${object}: ${message ?? "no reason"} (code ${code})`);
}

/** Returns the code of a rejection or of another error of the API. */
export function readErrorCode(error: unknown): number | undefined {
  if (error instanceof ChangeRejectedError) return error.code;
  return error instanceof Cloudflare.APIError ? readFirstError(error).code : undefined;
}

function readFirstError(error: InstanceType<typeof Cloudflare.APIError>): ChainedError {
  const [firstError]: readonly ChainedError[] = error.errors ?? [];
  return firstError?.error_chain?.[0] ?? firstError ?? {};
}
