import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";
import { listen } from "../../../sync/net/listen.ts";

/** One answer of the API. Without a status, it never responds. */
export interface ScriptedAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface ScriptedRequest {
  readonly line: string; // "PUT /path"
  readonly body: string;
}

export const SUCCESS: ScriptedAnswer = {
  status: 200,
  body: JSON.stringify({ success: true, errors: [], messages: [], result: {} }),
};

/** Builds the answer to a call that failed. */
export function buildFailure(status: number, code: number, headers: Readonly<Record<string, string>> = {}) {
  const body = JSON.stringify({ success: false, errors: [{ code, message: `error ${code}` }], messages: [] });
  return { status, headers, body } satisfies ScriptedAnswer;
}

/** Starts an API that gives these answers in order, and the last one again. */
export async function startScriptedApi(answers: readonly ScriptedAnswer[]) {
  const requests: ScriptedRequest[] = [];
  const server = createServer(async (request, response) => {
    requests.push({ line: `${request.method} ${request.url}`, body: (await buffer(request)).toString() });
    const { status, headers = {}, body = "" } = answers[Math.min(requests.length, answers.length) - 1] ?? SUCCESS;
    if (status === undefined) return;
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(body);
  });
  const { port, close } = await listen(server, 0);
  const closeAll = async () => {
    server.closeAllConnections();
    await close();
  };
  return { requests, baseURL: `http://127.0.0.1:${port}`, close: closeAll };
}
