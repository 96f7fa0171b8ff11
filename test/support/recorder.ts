import { once } from "node:events";
import { createServer, type IncomingMessage, request as requestHttp, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { type Listening, listen } from "../../sync/dev/listening.ts";

/** One view of an account: passes on what comes, and writes down what would change something. */
export interface Recorder extends Listening {
  readonly baseURL: string;
  /** Every write so far, and when it came, by `performance.now`. */
  readonly writes: readonly Write[];
  /** The next write is done, and its answer kept back: resolves when there is one. */
  keepAnswer(): Promise<Write>;
  /** Gives the answer that is kept back. */
  giveAnswer(): void;
}

export interface Write {
  readonly at: number;
  readonly line: string; // "PUT /client/v4/…"
}

/** Starts a recorder on loopback before the API at `baseURL`. */
export async function startRecorder(baseURL: string): Promise<Recorder> {
  const { origin, port, pathname } = new URL(baseURL);
  const writes: Write[] = [];
  let kept: { seen: (write: Write) => void; given: Promise<void> } | undefined;
  let give = () => {};
  const pass = async (request: IncomingMessage, response: ServerResponse) => {
    const write = { at: performance.now(), line: `${request.method} ${request.url}` };
    const isWrite = changesSomething(write.line);
    if (isWrite) writes.push(write);
    const { status, headers, body } = await forward(request, port);
    if (isWrite && kept) {
      const { seen, given } = kept;
      kept = undefined;
      seen(write);
      await given;
    }
    response.writeHead(status, headers).end(body);
  };
  const server = createServer((request, response) => void pass(request, response).catch(() => response.destroy()));
  const listening = await listen(server, 0);
  return {
    ...listening,
    baseURL: `${origin.replace(port, String(listening.port))}${pathname}`,
    writes,
    keepAnswer() {
      const { promise: given, resolve } = Promise.withResolvers<void>();
      give = resolve;
      return new Promise((seen) => {
        kept = { seen, given };
      });
    },
    giveAnswer: () => give(),
  };
}

/** Values are also read by a POST, many at once. */
function changesSomething(line: string): boolean {
  return !/^GET |^POST .*\/bulk\/get$/.test(line);
}

async function forward(request: IncomingMessage, port: string) {
  const { method, url, headers } = request;
  const sent = requestHttp({ host: "127.0.0.1", port, method, path: url, headers, agent: false });
  const answered = once(sent, "response") as Promise<[IncomingMessage]>;
  request.pipe(sent);
  const [answer] = await answered;
  return { status: answer.statusCode ?? 502, headers: answer.headers, body: await buffer(answer) };
}
