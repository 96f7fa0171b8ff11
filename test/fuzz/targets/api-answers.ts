import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { watchCollection } from "../../../sync/collect/watched-collection.ts";
import { createKubernetesClient } from "../../../sync/kubernetes/client.ts";
import { Connections } from "../../../sync/kubernetes/connections.ts";
import { listen } from "../../../sync/net/listen.ts";
import { waitFor } from "../../support/wait-for.ts";
import { answerScript, buildList, formatAnswer, LISTED_NAMES, type ScriptedAnswer } from "../inputs/api-answers.ts";
import { defineProperty } from "../target.ts";

// Answers of an API server to the lists and watches of the controller. The last observed objects stay, whatever it sends.

const TIMEOUT_MS = 150;
const RESOURCE = { kind: "Ingress", apiVersion: "networking.k8s.io/v1", plural: "ingresses" };
const GOOD_WATCH = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";

interface Script {
  readonly lists: readonly ScriptedAnswer[];
  readonly watches: readonly ScriptedAnswer[];
}

/** A server that answers from a script: the good list first, then the script, then a list with one object more. */
async function startScriptedServer() {
  let [lists, watches]: [ScriptedAnswer[], ScriptedAnswer[]] = [[], []];
  let isFirstList = true;
  const chooseAnswer = (isWatch: boolean): ScriptedAnswer => {
    if (isWatch) return watches.shift() ?? { bytes: GOOD_WATCH + EXPIRED, end: "close" };
    const names = isFirstList ? LISTED_NAMES : [...LISTED_NAMES, "done"];
    const scripted = isFirstList || watches.length > 0 ? undefined : lists.shift();
    isFirstList = false;
    return scripted ?? { bytes: formatAnswer(buildList(names)), end: "close" };
  };
  const server = createServer((socket) => {
    let request = "";
    socket.on("error", () => undefined).setEncoding("latin1");
    socket.on("data", (part: string) => {
      request += part;
      if (request.includes("\r\n\r\n")) sendAnswer(socket, chooseAnswer(request.includes("watch=true")));
    });
  });
  const { port, close } = await listen(server, 0);
  const use = (script: Script) => {
    [lists, watches, isFirstList] = [[...script.lists], [...script.watches], true];
  };
  return { port, close, use };
}

/** Ends a watch so that a new list follows. */
const EXPIRED = `${JSON.stringify({ type: "ERROR", object: { code: 410 } })}\n`;

function sendAnswer(socket: Socket, { bytes, end }: ScriptedAnswer): void {
  socket.write(bytes, () => {
    if (end === "close") socket.end();
    if (end === "reset") socket.resetAndDestroy();
  });
}

function connect(port: number): Connections {
  const connections = new Connections();
  connections.loadFromOptions({
    clusters: [{ name: "a", server: `http://127.0.0.1:${port}`, skipTLSVerify: true }],
    contexts: [{ name: "a", cluster: "a", user: "a" }],
    users: [{ name: "a" }],
    currentContext: "a",
  });
  return connections;
}

export async function startTarget() {
  const server = await startScriptedServer();
  const times = { durationSeconds: 1, idleTimeoutMs: TIMEOUT_MS };
  const api = createKubernetesClient(connect(server.port), TIMEOUT_MS, times);

  async function checkScript(script: Script): Promise<void> {
    server.use(script);
    const abortController = new AbortController();
    const problems: unknown[] = [];
    const check = () => {
      const names = collection.list()?.map(({ name }) => name) ?? LISTED_NAMES;
      if (!LISTED_NAMES.every((name) => names.includes(name))) problems.push(`only ${names.join()} are left`);
    };
    const onError = (error: unknown) => void (error instanceof Error || problems.push(error));
    const scope = { namespace: "shop", query: {} };
    const collection = watchCollection(
      api,
      RESOURCE,
      scope,
      { onChange: check, onError },
      () => pause(1),
      abortController.signal,
    );
    try {
      await waitFor(() => collection.get("shop/done"), 10_000);
      assert.deepEqual(problems, []);
    } finally {
      abortController.abort();
    }
  }
  return { properties: [defineProperty("lists-and-watches", answerScript, checkScript)], close: server.close };
}
