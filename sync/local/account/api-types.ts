import { createHash } from "node:crypto";

/** A request to the API, read whole. `path` has its segments decoded. */
export interface ApiCall {
  line: string;
  method: string;
  path: readonly string[];
  query: URLSearchParams;
  contentType: string;
  body: Buffer;
}

export type ApiReply =
  | { result: unknown; resultInfo?: object }
  | { bytes: string }
  | { status: number; code: number; message: string };

/** An endpoint's answer; undefined when the path is not its own. */
export type LocalApi = (call: ApiCall) => Promise<ApiReply> | ApiReply | undefined;

/** Ids look like Cloudflare's: 32 hexadecimal digits. */
export function deriveId(name: string): string {
  return createHash("sha256").update(name).digest("hex").slice(0, 32);
}
