import { createHash } from "node:crypto";

/** A request to the API, read whole. `path` has its segments decoded. */
export interface Call {
  line: string;
  method: string;
  path: readonly string[];
  query: URLSearchParams;
  contentType: string;
  body: Buffer;
}

export type Answer =
  | { result: unknown; resultInfo?: object }
  | { bytes: string }
  | { status: number; code: number; message: string };

/** An endpoint's answer; undefined when the path is not its own. */
export type Api = (call: Call) => Promise<Answer> | Answer | undefined;

/** Ids look like Cloudflare's: 32 hexadecimal digits. */
export function idOf(name: string): string {
  return createHash("sha256").update(name).digest("hex").slice(0, 32);
}
