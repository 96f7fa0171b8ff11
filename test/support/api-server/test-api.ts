import { after, afterEach } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createKubernetesClient, type Query } from "../../../sync/kubernetes/client.ts";
import { ApiServer } from "../api-server.ts";
import { createConnections, formatEvent, type IngressList } from "./client.ts";

/** Starts a test server for all tests of a file, with a client. Faults and objects are removed after each test. */
export async function startTestApi() {
  const server = await ApiServer.start();
  const api = createKubernetesClient(createConnections(server), 500);
  after(() => server.stop());
  afterEach(() => {
    server.clearFaults();
    for (const name of ["shop", "blog"]) server.remove("Namespace", undefined, name);
  });

  async function listIngresses(path: string, query: Query = {}): Promise<IngressList> {
    return (await api.get(path, query)) as IngressList;
  }

  /** Returns the first `count` events of a watch, as "TYPE name". */
  async function collectEvents(
    path: string,
    query: Query,
    count: number,
    act: () => unknown = () => {},
  ): Promise<string[]> {
    const abortController = new AbortController();
    const lines: string[] = [];
    const requestsBefore = server.requests.length;
    const action = waitForWatch(requestsBefore).then(act);
    for await (const event of api.watch(path, query, abortController.signal)) {
      lines.push(formatEvent(event));
      if (lines.length === count) abortController.abort();
    }
    await action;
    return lines;
  }

  /** Resolves when a watch is open that was not among the first `count` requests. */
  async function waitForWatch(count: number): Promise<void> {
    while (!server.requests.slice(count).some(({ query }) => query.watch === "true")) await sleep(5);
  }

  return { server, api, listIngresses, collectEvents };
}
