import Cloudflare from "cloudflare";
import { WriteStoppedError } from "./paced-fetch.ts";

/** What a call does, and the permission of the API token that it needs. */
export interface CallDescription {
  readonly action: string;
  readonly permission: string;
}

type Descriptions<T> = { readonly [Name in keyof T]?: CallDescription };

/**
 * Returns the same calls with clear errors: an error of Cloudflare's API becomes one line with the call, the cause and what
 * to do. The original error is its `cause`. The error of a write fence and other errors are not changed.
 */
export function withClearErrors<T extends object>(calls: T, descriptions: Descriptions<T>): T {
  const entries = Object.entries(calls).map(([name, call]) => {
    const description = descriptions[name as keyof T];
    return [name, description ? wrapCall(call as AsyncCall, description) : call];
  });
  return Object.fromEntries(entries) as T;
}

type AsyncCall = (...parameters: unknown[]) => Promise<unknown>;

function wrapCall(call: AsyncCall, description: CallDescription): AsyncCall {
  return async (...parameters) => {
    try {
      return await call(...parameters);
    } catch (error) {
      if (!(error instanceof Cloudflare.APIError)) throw error;
      if (error.cause instanceof WriteStoppedError) throw error.cause.cause;
      throw new Error(formatFailedCall(error, description), { cause: error });
    }
  };
}

/** Formats an error of Cloudflare's API as one line. */
export function formatFailedCall(
  error: InstanceType<typeof Cloudflare.APIError>,
  { action, permission }: CallDescription,
): string {
  const call = `Cloudflare API: ${action} failed`;
  if (error instanceof Cloudflare.APIConnectionTimeoutError)
    return `${call}: no response in time. Check https://www.cloudflarestatus.com and the network`;
  if (error.status === undefined)
    return `${call}: no connection (${findInnermostMessage(error)}). Check the network, the NetworkPolicy and CLOUDFLARE_BASE_URL`;
  return `${call}: ${error.status}${formatReasons(error)}. ${findRemedy(error, permission)}`;
}

function findInnermostMessage(error: Error): string {
  const message = error.cause instanceof Error ? findInnermostMessage(error.cause) : error.message;
  return message.replace(/\s+/g, " ").replace(/\.$/, "");
}

interface ReportedError {
  readonly code?: number;
  readonly message?: string;
  /** The inner reasons, which often have the useful code. */
  readonly error_chain?: readonly ReportedError[];
}

/** Formats the errors of a response: " Authentication error (code 10000)". Empty if the body has none. */
function formatReasons({ errors }: InstanceType<typeof Cloudflare.APIError>): string {
  return [errors as readonly ReportedError[]]
    .flat()
    .map((error) => ` ${formatReason(error)}`)
    .join(",");
}

/** Formats an error with its inner reasons: "Validation failed (code 1004): Content is invalid (code 9005)". */
function formatReason({ message, code, error_chain: innerErrors = [] }: ReportedError): string {
  const reason = `${String(message ?? "error").replace(/\s+/g, " ")}${code === undefined ? "" : ` (code ${code})`}`;
  return [reason, ...[innerErrors].flat().map(formatReason)].join(": ");
}

/** The code of malformed headers. The token is the only header that users set. */
const INVALID_HEADERS = 6003;

function findRemedy({ status, errors }: InstanceType<typeof Cloudflare.APIError>, permission: string): string {
  if (errors[0]?.code === INVALID_HEADERS)
    return "Check that CLOUDFLARE_API_TOKEN is a whole token, without quotes, spaces and line breaks";
  if (status === 401 || status === 403)
    return `Check that CLOUDFLARE_API_TOKEN is valid and has the permission ${permission}`;
  if (status === 404) return "Check CLOUDFLARE_ACCOUNT_ID and EDGRESS_KV_NAMESPACE_ID";
  if (status === 429) return "The account has used up its calls; wait five minutes, and stop other users of the token";
  if (status !== undefined && status >= 500) return "Cloudflare has a fault; check https://www.cloudflarestatus.com";
  return "Check the values in this message; this version of edgress may be too old for the API";
}
