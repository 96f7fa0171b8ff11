import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { listen } from "../../../sync/net/listen.ts";

/**
 * The answer to a call: passed to the account, rejected before it, never answered, or carried out without a response
 * (`lost`) or with half of one (`cut`), or an empty list, as for a token without a permission.
 */
export type FaultKind = "pass" | "too-many" | "error" | "forbidden" | "empty-list" | "hang" | "lost" | "cut";

export interface FaultyApi {
  readonly baseURL: string;
  /** "PUT /path" of each call, in order. */
  readonly calls: string[];
  /** Decides about the next call. It may wait. */
  decide: (line: string, callNumber: number) => FaultKind | Promise<FaultKind>;
  /** Called after the account carried out a call, before its response is sent. */
  onCarriedOut: (callNumber: number) => void;
  close(): Promise<void>;
}

/** Whether a call ("PUT /path") changes the account. */
export function isWrite(line: string): boolean {
  return !line.startsWith("GET") && !line.endsWith("/bulk/get");
}

/** Starts a proxy of an account's API that can fail in every way. */
export async function startFaultyApi(target: { readonly baseURL: string }): Promise<FaultyApi> {
  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy()); // the client is gone
  });
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await buffer(request);
    const line = `${request.method} ${request.url?.replace("/client/v4", "").replace(/\?.*$/, "")}`;
    api.calls.push(line);
    const callNumber = api.calls.length;
    const fault = await api.decide(line, callNumber);
    if (fault === "hang") return;
    const rejection = REJECTIONS[fault];
    if (rejection) return sendJson(response, rejection);
    const answer = await forward(request, body, new URL(target.baseURL).origin);
    api.onCarriedOut(callNumber);
    if (fault === "lost") return;
    response.writeHead(answer.status, { ...answer.headers, "content-length": answer.body.length });
    if (fault !== "cut") return response.end(answer.body);
    response.write(answer.body.subarray(0, Math.floor(answer.body.length / 2)), () => response.destroy());
  };
  const { port, close } = await listen(server, 0);
  const api: FaultyApi = {
    baseURL: `http://127.0.0.1:${port}/client/v4`,
    calls: [],
    decide: () => "pass",
    onCarriedOut: () => {},
    close,
  };
  return api;
}

async function forward({ method = "GET", url = "/", headers }: IncomingMessage, body: Buffer, origin: string) {
  const response = await fetch(`${origin}${url}`, {
    method,
    headers: {
      authorization: headers.authorization ?? "",
      ...(headers["content-type"] && { "content-type": headers["content-type"] }),
    },
    ...(method !== "GET" && { body: new Uint8Array(body) }),
  });
  const { status } = response;
  const type = response.headers.get("content-type") ?? "application/json";
  return { status, headers: { "content-type": type }, body: Buffer.from(await response.arrayBuffer()) };
}

function buildEnvelope(code?: number) {
  const errors = code === undefined ? [] : [{ code, message: "fault" }];
  return { success: code === undefined, errors, messages: [], result: code === undefined ? [] : null };
}

/** Answers that do not reach the account. */
const REJECTIONS: { readonly [Kind in FaultKind]?: { readonly status: number; readonly body: object } } = {
  "too-many": { status: 429, body: buildEnvelope(971) },
  error: { status: 500, body: buildEnvelope(10001) },
  forbidden: { status: 403, body: buildEnvelope(10000) },
  "empty-list": { status: 200, body: buildEnvelope() },
};

function sendJson(response: ServerResponse, { status, body }: { status: number; body: object }): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
