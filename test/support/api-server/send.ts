import type { IncomingMessage, ServerResponse } from "node:http";
import { json } from "node:stream/consumers";
import type { ApiServerReply } from "./answers.ts";
import type { ApiRequest, ResponseFault } from "./faults.ts";
import { dropConnection } from "./listen.ts";
import type { ObjectList } from "./lists.ts";
import { buildStatus, Refusal } from "./statuses.ts";

const MERGE_PATCH = "application/merge-patch+json";
const STATUS_REASONS: Readonly<Record<number, string>> = {
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

/** Reads a request. The body is "unreadable" if it is not JSON. */
export async function readApiRequest(request: IncomingMessage): Promise<ApiRequest> {
  const { method = "GET", url = "/" } = request;
  const { pathname, searchParams } = new URL(url, "http://localhost");
  const hasBody = method === "POST" || method === "PUT" || method === "PATCH" || request.headers["content-length"];
  const body = hasBody ? await json(request).catch(() => "unreadable") : undefined;
  const query = Object.fromEntries(searchParams);
  const search = Object.entries(query).map(([name, value]) => `${name}=${value}`);
  const line = `${method} ${pathname}${search.length > 0 ? "?" : ""}${search.join("&")}`;
  return { method, path: pathname, query, body, accept: request.headers.accept, line };
}

/** Returns a `Refusal` for a patch that is not a JSON merge patch. */
export function checkPatchType({ method }: ApiRequest, contentType: string | undefined): Refusal | undefined {
  if (method !== "PATCH" || contentType === MERGE_PATCH) return undefined;
  return new Refusal(415, "UnsupportedMediaType", `unsupported patch type. Use ${MERGE_PATCH}`);
}

/** Injects a fault that replaces the request. Returns false if the request must still be executed. */
export function sendFault(response: ServerResponse, fault: ResponseFault): boolean {
  switch (fault.type) {
    case "answer":
      sendFaultResponse(response, fault);
      return true;
    case "close":
      if (!fault.done) dropConnection(response);
      return !fault.done;
    case "hang":
      return true;
    case "truncate":
    case "short":
    case "late":
      return false;
  }
}

function sendFaultResponse(response: ServerResponse, fault: ResponseFault & { type: "answer" }): void {
  const { status, reason = STATUS_REASONS[status] ?? "Unknown", message = "injected fault", retryAfterSeconds } = fault;
  if (retryAfterSeconds !== undefined) response.setHeader("retry-after", String(retryAfterSeconds));
  response.writeHead(status, { "content-type": fault.text === undefined ? "application/json" : "text/html" });
  response.end(fault.text ?? JSON.stringify(buildStatus({ code: status, reason, message })));
}

/** Sends a response, changed by the fault if any. */
export function sendApiReply(response: ServerResponse, { code, body }: ApiServerReply, fault?: ResponseFault): void {
  const payload = fault?.type === "short" ? shortenList(body as ObjectList, fault) : body; // only lists are shortened
  const text = typeof payload === "string" ? payload : JSON.stringify(payload);
  const sendAll = () => response.writeHead(code, { "content-type": "application/json" }).end(text);
  switch (fault?.type) {
    case "close":
      dropConnection(response);
      return;
    case "late":
      setTimeout(sendAll, fault.byMs).unref();
      return;
    case "truncate":
      response.writeHead(code, { "content-type": "application/json" });
      if (fault.cleanly) response.end(text.slice(0, text.length / 2));
      else response.write(text.slice(0, text.length / 2), () => dropConnection(response));
      return;
    default:
      sendAll();
  }
}

function shortenList(
  { metadata, items, ...rest }: ObjectList,
  { items: itemCount, remainder }: ResponseFault & { type: "short" },
): ObjectList {
  const { resourceVersion } = metadata;
  const counts = remainder === "more" && { remainingItemCount: Math.max(1, items.length - itemCount) };
  return { ...rest, metadata: { resourceVersion, ...counts }, items: items.slice(0, itemCount) };
}
