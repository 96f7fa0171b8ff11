import * as z from "zod";
import { errorMessage } from "../../src/rules/error-message.ts";
import { UsageError } from "../runtime/usage-error.ts";

const REQUEST_TIMEOUT_MS = 10_000;
const STATUS_PATH = "/.well-known/edgress/generation";

/** The answer of the Worker to its operator. */
export type EdgeAnswer =
  | {
      readonly type: "serving";
      readonly generation: number;
      readonly verifyingKeys: readonly string[] | undefined; // in base64; undefined for an older Worker
      readonly encryptionKeys?: readonly string[] | undefined; // public keys that secrets may be encrypted with
      readonly rejected: string | undefined; // why it rejected a newer snapshot
    }
  | {
      readonly type: "no-snapshot";
      readonly reason: string;
      readonly verifyingKeys: readonly string[] | undefined;
      readonly encryptionKeys?: readonly string[] | undefined;
    }
  | { readonly type: "unavailable"; readonly problem: string };

/** The Worker at one host. Another location of Cloudflare may serve another generation. */
export interface EdgeClient {
  readonly url: string;
  /** Never rejects. An abort of `signal` ends the request. */
  readStatus(signal?: AbortSignal): Promise<EdgeAnswer>;
}

const Keys = { verifyingKeys: z.array(z.string()).optional(), encryptionKeys: z.array(z.string()).optional() };
const ServingStatus = z.object({ generation: z.number(), rejected: z.string().optional(), ...Keys });
const EmptyStatus = z.object({ reason: z.string().optional(), ...Keys });

/** Creates a client. Throws a `UsageError` if the token would cross the network unencrypted. */
export function createEdgeClient(edgeUrl: string, token: string): EdgeClient {
  const url = parseEdgeUrl(edgeUrl);
  return {
    url: url.origin,
    async readStatus(signal) {
      const timeout = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
      try {
        // A redirect would send the token to another host.
        const response = await fetch(new URL(STATUS_PATH, url), {
          headers: { Authorization: `Bearer ${token}` },
          redirect: "manual",
          signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
        });
        return parseAnswer(response.status, await response.text());
      } catch (error) {
        return { type: "unavailable", problem: formatFailure(error) };
      }
    },
  };
}

/** Formats an answer as the end of a sentence: "it serves generation 6". */
export function formatAnswer(answer: EdgeAnswer): string {
  switch (answer.type) {
    case "serving": {
      const rejection = answer.rejected === undefined ? "" : ` and rejected the newest snapshot: ${answer.rejected}`;
      return `it serves generation ${answer.generation}${rejection}`;
    }
    case "no-snapshot":
      return `it has no snapshot: ${answer.reason}`;
    case "unavailable":
      return answer.problem;
  }
}

function parseEdgeUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "https:" || (url?.protocol === "http:" && isLoopback(url.hostname))) return url;
  throw new UsageError(`--edge-url must be an https URL: ${text}`);
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname);
}

function parseAnswer(status: number, text: string): EdgeAnswer {
  const body = parseJson(text);
  const serving = ServingStatus.safeParse(body);
  if (status === 200 && serving.success) {
    const { generation, verifyingKeys, encryptionKeys, rejected } = serving.data;
    return { type: "serving", generation, verifyingKeys, encryptionKeys, rejected };
  }
  const empty = EmptyStatus.safeParse(body);
  if (status === 503 && empty.success) {
    const { reason = "no reason", verifyingKeys, encryptionKeys } = empty.data;
    return { type: "no-snapshot", reason, verifyingKeys, encryptionKeys };
  }
  const hint =
    status === 404 ? ". EDGRESS_STATUS_TOKEN differs from the Worker's, or the Worker does not serve the host" : "";
  return { type: "unavailable", problem: `it answers ${status}${hint}` };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Adds the cause, because "fetch failed" alone is useless. */
function formatFailure(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : "";
  return `it does not answer: ${errorMessage(error)}${cause}`;
}
