import type { IncomingMessage, ServerResponse } from "node:http";
import { json } from "node:stream/consumers";
import type { Answer } from "./answers.ts";
import type { AnswerFault, Asked } from "./faults.ts";
import { cut } from "./listen.ts";
import type { List } from "./lists.ts";
import { Refusal, statusOf } from "./statuses.ts";

const MERGE_PATCH = "application/merge-patch+json";
const REASONS: Readonly<Record<number, string>> = {
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  409: "Conflict",
  410: "Expired",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout",
};

/** Reads a request. A body that isn't JSON is kept as "unreadable". */
export async function askedOf(request: IncomingMessage): Promise<Asked> {
  const { method = "GET", url = "/" } = request;
  const { pathname, searchParams } = new URL(url, "http://localhost");
  const hasBody = method === "POST" || method === "PUT" || method === "PATCH" || request.headers["content-length"];
  const body = hasBody ? await json(request).catch(() => "unreadable") : undefined;
  const query = Object.fromEntries(searchParams);
  const search = Object.entries(query).map(([name, value]) => `${name}=${value}`);
  const line = `${method} ${pathname}${search.length > 0 ? "?" : ""}${search.join("&")}`;
  return { method, path: pathname, query, body, line };
}

/** The Refusal of a patch that isn't a JSON merge patch. */
export function patchType({ method }: Asked, contentType: string | undefined): Refusal | undefined {
  if (method !== "PATCH" || contentType === MERGE_PATCH) return undefined;
  return new Refusal(415, "UnsupportedMediaType", `this API server knows ${MERGE_PATCH} only`);
}

/** Lets happen what happens instead of the request. Answers whether it did. */
export function instead(response: ServerResponse, fault: AnswerFault): boolean {
  switch (fault.type) {
    case "answer":
      refuse(response, fault);
      return true;
    case "close":
      if (!fault.done) cut(response);
      return !fault.done;
    case "hang":
      return true;
    case "truncate":
    case "short":
    case "late":
      return false;
  }
}

function refuse(response: ServerResponse, fault: AnswerFault & { type: "answer" }): void {
  const { status, reason = REASONS[status] ?? "Unknown", message = "struck by a fault", retryAfterSeconds } = fault;
  if (retryAfterSeconds !== undefined) response.setHeader("retry-after", String(retryAfterSeconds));
  response.writeHead(status, { "content-type": fault.text === undefined ? "application/json" : "text/html" });
  response.end(fault.text ?? JSON.stringify(statusOf({ code: status, reason, message })));
}

/** Sends an answer, as well as the fault lets it. */
export function send(response: ServerResponse, { code, body }: Answer, fault?: AnswerFault): void {
  const sent = fault?.type === "short" ? shortened(body as List, fault) : body; // lists alone fall short
  const text = typeof sent === "string" ? sent : JSON.stringify(sent);
  const whole = () => response.writeHead(code, { "content-type": "application/json" }).end(text);
  switch (fault?.type) {
    case "close":
      cut(response);
      return;
    case "late":
      setTimeout(whole, fault.byMs).unref();
      return;
    case "truncate":
      response.writeHead(code, { "content-type": "application/json" });
      if (fault.cleanly) response.end(text.slice(0, text.length / 2));
      else response.write(text.slice(0, text.length / 2), () => cut(response));
      return;
    default:
      whole();
  }
}

function shortened({ metadata, items, ...rest }: List, { items: kept, says }: AnswerFault & { type: "short" }): List {
  const { resourceVersion } = metadata;
  const missing = says === "more" && { remainingItemCount: Math.max(1, items.length - kept) };
  return { ...rest, metadata: { resourceVersion, ...missing }, items: items.slice(0, kept) };
}
