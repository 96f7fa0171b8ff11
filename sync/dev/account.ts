import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { type LocalRecord, recordsApi } from "./account-dns.ts";
import { kvApi } from "./account-kv.ts";
import { type Answer, type Api, type Call, idOf } from "./api.ts";
import { type Faults, failure, noFaults, struck } from "./faults.ts";
import { listen } from "./listening.ts";
import type { EdgeReads, Storage } from "./storage.ts";

/** A Cloudflare account on this machine, spoken to as the real API is. */
export interface LocalAccount {
  readonly baseURL: string;
  readonly token: string;
  readonly accountId: string;
  readonly namespaceId: string;
  readonly zones: readonly string[];
  faults: Faults;
  /** Every request so far, faulty ones included. */
  readonly requests: { method: string; path: string }[];
  /** The DNS records of a zone. */
  records(zone: string): readonly LocalRecord[];
  /** How the edge's reads of KV go wrong; needs a stack with `edgeFaults`. */
  setEdgeReads(reads: EdgeReads): Promise<void>;
  close(): Promise<void>;
}

export interface AccountOptions {
  zones: readonly string[];
  /** Asked for at each use: the storage starts later than the account. */
  storage: () => Storage;
}

const TOKEN = "local-token";
const ACCOUNT_ID = idOf("account");
const NAMESPACE_ID = idOf("rules");

/** Starts the local account's API on a free port of 127.0.0.1. */
export async function startAccount({ zones, storage }: AccountOptions): Promise<LocalAccount> {
  const dns = recordsApi(zones, ACCOUNT_ID);
  const requests: { method: string; path: string }[] = [];
  const state = { faults: noFaults() };
  const apis = [kvApi(ACCOUNT_ID, NAMESPACE_ID, storage, () => state.faults), dns.api];

  const server = createServer(async (request, response) => {
    const call = await callOf(request);
    requests.push({ method: call.method, path: call.line.slice(call.method.length + 1) });
    if (struck(state.faults, call.line, response)) return;
    const { status, text } = await answerTo(call, request.headers.authorization, apis);
    send(response, status, text);
  });
  const { port, close } = await listen(server, 0);
  return {
    baseURL: `http://127.0.0.1:${port}/client/v4`,
    token: TOKEN,
    accountId: ACCOUNT_ID,
    namespaceId: NAMESPACE_ID,
    zones,
    get faults() {
      return state.faults;
    },
    set faults(faults) {
      state.faults = faults;
    },
    requests,
    records: dns.records,
    setEdgeReads: (reads) => storage().setEdgeReads(reads),
    close,
  };
}

async function callOf(request: IncomingMessage): Promise<Call> {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://account");
  const method = request.method ?? "GET";
  const path = pathname.replace(/^\/client\/v4/, "");
  return {
    line: `${method} ${path}`,
    method,
    path: path.split("/").slice(1).map(decodeURIComponent),
    query: searchParams,
    contentType: request.headers["content-type"] ?? "",
    body: await buffer(request),
  };
}

async function answerTo(call: Call, authorization: string | undefined, apis: readonly Api[]) {
  const answer = await firstAnswer(call, authorization, apis);
  if ("bytes" in answer) return { status: 200, text: answer.bytes };
  if ("status" in answer) return { status: answer.status, text: JSON.stringify(failure(answer.code, answer.message)) };
  const { result, resultInfo } = answer;
  const envelope = { success: true, errors: [], messages: [], result, ...(resultInfo && { result_info: resultInfo }) };
  return { status: 200, text: JSON.stringify(envelope) };
}

async function firstAnswer(call: Call, authorization: string | undefined, apis: readonly Api[]): Promise<Answer> {
  if (authorization !== `Bearer ${TOKEN}`) return { status: 403, code: 10000, message: "Authentication error" };
  try {
    for (const api of apis) {
      const answer = await api(call);
      if (answer) return answer;
    }
  } catch (error) {
    return { status: 400, code: 10012, message: error instanceof Error ? error.message : String(error) };
  }
  return { status: 404, code: 7003, message: `Could not route to ${call.path.join("/")}` };
}

function send(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    "content-type": text.startsWith("{") ? "application/json" : "application/octet-stream",
  });
  response.end(text);
}
