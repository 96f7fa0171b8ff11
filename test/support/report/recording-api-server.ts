import { createServer } from "node:http";
import { json } from "node:stream/consumers";
import { createKubernetesClient } from "../../../sync/kubernetes/client.ts";
import { Connections } from "../../../sync/kubernetes/connections.ts";
import { listen } from "../../../sync/net/listen.ts";
import type { WriterOptions } from "../../../sync/report/parallel-writer.ts";
import type { reportStatuses } from "../../../sync/report/status.ts";

export interface RecordedCall {
  readonly line: string;
  readonly type: string | undefined;
  readonly body: Record<string, unknown>;
}

export type RefusalResponse = { status: number; message: string };

/** An API server that records requests, and refuses those for which `refusal` returns a response. */
export interface RecordingApiServer {
  calls: RecordedCall[];
  /** Lines that the writer printed. */
  lines: string[];
  refusal: (call: RecordedCall) => RefusalResponse | undefined;
  /** Returns options for a writer to this server, with connections of its own. */
  createOptions(): WriterOptions;
  /** Drops all records and the refusal. */
  reset(): void;
  close(): Promise<void>;
}

export async function startRecordingApiServer(): Promise<RecordingApiServer> {
  const httpServer = createServer(async (request, response) => {
    const body = (await json(request)) as Record<string, unknown>;
    const call = { line: `${request.method} ${request.url}`, type: request.headers["content-type"], body };
    server.calls.push(call);
    const refusal = server.refusal(call);
    response.writeHead(refusal?.status ?? 200, { "Content-Type": "application/json" });
    response.end(JSON.stringify(refusal ? { kind: "Status", reason: "Refused", message: refusal.message } : body));
  });
  const { port, close } = await listen(httpServer, 0);
  const server: RecordingApiServer = {
    calls: [],
    lines: [],
    refusal: () => undefined,
    createOptions() {
      const connections = new Connections();
      const cluster = { name: "local", server: `http://127.0.0.1:${port}`, skipTLSVerify: true };
      connections.loadFromClusterAndUser(cluster, { name: "user" });
      const print = (line: string) => void server.lines.push(line);
      return { api: createKubernetesClient(connections, 5000), print, signal: new AbortController().signal };
    },
    reset() {
      [server.calls, server.lines, server.refusal] = [[], [], () => undefined];
    },
    close,
  };
  return server;
}

/** Returns the counts of a result instead of its items. */
export function countResults({
  writtenCount,
  skippedCount,
  failedItems,
  remainingItems,
}: Awaited<ReturnType<typeof reportStatuses>>) {
  return { writtenCount, skippedCount, failedCount: failedItems.length, remainingCount: remainingItems.length };
}
