import { createHash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** A token of the account, as the endpoints see it. */
export interface ApiToken {
  readonly id: string;
  /** The secret text. */
  readonly value: string;
  /** `account`: owned by the account. `user`: owned by a person; all of a person's tokens share one budget of calls. */
  readonly kind: "account" | "user";
  /** Names of permission groups, such as "DNS Write". Write includes Read. */
  readonly permissions: "all" | readonly string[];
  /** Names of the zones that it may touch. */
  readonly zones: "all" | readonly string[];
}

/** A request to the API, with its whole body. The segments of `path` are decoded. */
export interface ApiCall {
  line: string;
  method: string;
  path: readonly string[];
  query: URLSearchParams;
  contentType: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
  token: ApiToken;
}

/** An inner reason of an error. */
export interface InnerError {
  readonly code: number;
  readonly message: string;
}

type ReplyHeaders = Readonly<Record<string, string>>;

export type ApiReply =
  | { result: unknown; resultInfo?: object; headers?: ReplyHeaders }
  | { bytes: string | Uint8Array; headers?: ReplyHeaders }
  /** `errorChain` has the inner reasons, as in `{ code: 1004, errorChain: [{ code: 9005, … }] }`. */
  | { status: number; code: number; message: string; errorChain?: readonly InnerError[]; headers?: ReplyHeaders };

/** A reply that reports an error. */
export type ErrorReply = Extract<ApiReply, { status: number }>;

/** Whether a value is an error reply. */
export function isErrorReply(value: object): value is ErrorReply {
  return "status" in value && "code" in value;
}

/** Responds to a request; undefined if the path is not one of its endpoints. */
export type LocalApi = (call: ApiCall) => Promise<ApiReply | undefined> | ApiReply | undefined;

/** Returns an id like Cloudflare's: 32 hexadecimal digits. */
export function deriveId(name: string): string {
  return createHash("sha256").update(name).digest("hex").slice(0, 32);
}
