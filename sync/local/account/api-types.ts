import { createHash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** A request to the API, with its whole body. The segments of `path` are decoded. */
export interface ApiCall {
  line: string;
  method: string;
  path: readonly string[];
  query: URLSearchParams;
  contentType: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export type ApiReply =
  | { result: unknown; resultInfo?: object }
  | { bytes: string }
  | { status: number; code: number; message: string };

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
