import { once } from "node:events";
import { createServer, type IncomingMessage, request as requestHttp, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { type ListeningServer, listen } from "../../../sync/net/listen.ts";

/** A proxy in front of an account. It forwards every request and records the writes. */
export interface RecordingAccount extends ListeningServer {
  readonly baseURL: string;
  /** Writes so far, with their times from `performance.now`. */
  readonly writes: readonly RecordedWrite[];
  /** Delays the response to the next write. Resolves when the account has executed the write. */
  holdResponse(): Promise<RecordedWrite>;
  /** Sends the delayed response. */
  releaseResponse(): void;
}

export interface RecordedWrite {
  readonly at: number;
  readonly line: string; // "PUT /client/v4/…"
}

/** Starts a proxy on loopback in front of the API at `baseURL`. */
export async function startRecordingAccount(baseURL: string): Promise<RecordingAccount> {
  const { origin, port, pathname } = new URL(baseURL);
  const writes: RecordedWrite[] = [];
  let heldResponse: { onWrite: (write: RecordedWrite) => void; released: Promise<void> } | undefined;
  let release = () => {};
  const passThrough = async (request: IncomingMessage, response: ServerResponse) => {
    const write = { at: performance.now(), line: `${request.method} ${request.url}` };
    const isWrite = isWriteRequest(write.line);
    if (isWrite) writes.push(write);
    const { status, headers, body } = await forwardRequest(request, port);
    if (isWrite && heldResponse) {
      const { onWrite, released } = heldResponse;
      heldResponse = undefined;
      onWrite(write);
      await released;
    }
    response.writeHead(status, headers).end(body);
  };
  const server = createServer(
    (request, response) => void passThrough(request, response).catch(() => response.destroy()),
  );
  const listening = await listen(server, 0);
  return {
    ...listening,
    baseURL: `${origin.replace(port, String(listening.port))}${pathname}`,
    writes,
    holdResponse() {
      const { promise: released, resolve } = Promise.withResolvers<void>();
      release = resolve;
      return new Promise((onWrite) => {
        heldResponse = { onWrite, released };
      });
    },
    releaseResponse: () => release(),
  };
}

/** Returns whether a request changes the account. Bulk reads are POST requests. */
function isWriteRequest(line: string): boolean {
  return !/^GET |^POST .*\/bulk\/get$/.test(line);
}

async function forwardRequest(request: IncomingMessage, port: string) {
  const { method, url, headers } = request;
  const outgoing = requestHttp({ host: "127.0.0.1", port, method, path: url, headers, agent: false });
  const responseEvent = once(outgoing, "response") as Promise<[IncomingMessage]>;
  request.pipe(outgoing);
  const [response] = await responseEvent;
  return { status: response.statusCode ?? 502, headers: response.headers, body: await buffer(response) };
}
