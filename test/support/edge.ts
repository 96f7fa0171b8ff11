import { createServer, type IncomingMessage, request as requestHttp, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { buffer, text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import Cloudflare from "cloudflare";
import type { Account } from "../../sync/account.ts";
import { kvOf } from "../../sync/cloudflare/kv.ts";
import { dnsOf } from "../../sync/cloudflare/records.ts";
import { clusterOf } from "../../sync/collect/objects.ts";
import { inspector } from "../../sync/compile/backtracking.ts";
import { EVERYTHING_PERMITTED } from "../../sync/compile/permits.ts";
import { untilInForce } from "../../sync/dev/in-force.ts";
import { type Listening, listen } from "../../sync/dev/listening.ts";
import { type Stack, type StackOptions, startStack } from "../../sync/dev/stack.ts";
import { generateSealingKeys, sealerOf } from "../../sync/publish/seal.ts";
import { generateKeys, signerOf } from "../../sync/publish/sign.ts";
import { type Round, round } from "../../sync/round.ts";

const WORKER = fileURLToPath(new URL("../../src/index.ts", import.meta.url));
const COMPILING = {
  ingressClass: "edgress",
  controller: "edgress.dev/ingress-controller",
  watchIngressWithoutClass: false,
  allowedResponseHeaders: [],
  inspect: inspector(),
  permits: EVERYTHING_PERMITTED,
};

/** The real Worker in workerd, with an account to publish to. */
export interface Edge {
  readonly stack: Stack;
  readonly account: Account;
  /** Every line that the Worker has logged. */
  readonly lines: readonly string[];
  /** Publishes objects as they would lie in a cluster, and resolves when the edge serves them. */
  publish(objects: readonly object[]): Promise<Round>;
  /** Access lines so far, parsed. */
  accessLines(): AccessLine[];
  /** The access line of a request id, when it has come. */
  accessLine(requestId: string): Promise<AccessLine>;
  /** An origin on this machine that stands for `address`, such as "203.0.113.10:80". */
  origin(address: string, answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<Listening>;
  close(): Promise<void>;
}

export type AccessLine = Readonly<Record<string, unknown>> & { readonly requestId: string };

export async function startEdge(options: Partial<StackOptions> = {}): Promise<Edge> {
  const keys = generateKeys();
  const sealing = generateSealingKeys();
  const lines: string[] = [];
  const stack = await startStack({
    httpPort: 0,
    httpsPort: 0,
    zones: ["example.com"],
    worker: WORKER,
    log: (line) => lines.push(line),
    loopbackOnly: true,
    ...options,
    variables: {
      MANIFEST_PUBLIC_KEY: keys.publicKey,
      EDGRESS_SEALING_KEY: sealing.privateKey,
      RECHECK_MS: "20",
      ...options.variables,
    },
  });
  const client = new Cloudflare({ apiToken: stack.account.token, baseURL: stack.account.baseURL });
  const account: Account = {
    kv: kvOf(client, stack.account.accountId, stack.account.namespaceId),
    dns: dnsOf(client, stack.account.accountId),
    signer: signerOf(keys.privateKey),
    sealer: sealerOf(keys.privateKey, sealing.publicKey),
  };
  const origins: Listening[] = [];
  const accessLines = () => lines.flatMap(asAccessLine);
  return {
    stack,
    account,
    lines,
    accessLines,
    async publish(objects) {
      const done = await round(clusterOf(objects.map(found)), COMPILING, account, new Date());
      await untilInForce(stack.http, done.published.generation);
      return done;
    },
    accessLine: (requestId) => until(() => accessLines().find((line) => line.requestId === requestId)),
    async origin(address, answer) {
      const made = await listen(createServer(answer), 0);
      origins.push(made);
      stack.forward(address, `127.0.0.1:${made.port}`);
      return made;
    },
    async close() {
      await stack.close();
      await Promise.all(origins.map((made) => made.close()));
    },
  };
}

function found(object: object) {
  return { object, source: "cluster.yaml:1" };
}

function asAccessLine(line: string): AccessLine[] {
  const value = JSON.parse(line) as AccessLine;
  return value.requestId === undefined ? [] : [value];
}

/** An Ingress for one host: the Service ("name" or "name:port") of each path. */
export function ingress(
  name: string,
  host: string | undefined,
  paths: Readonly<Record<string, string>>,
  annotations: Readonly<Record<string, string>> = {},
) {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name, annotations },
    spec: {
      ingressClassName: "edgress",
      rules: [
        {
          host,
          http: {
            paths: Object.entries(paths).map(([path, backend]) => {
              const [service = "", port = "80"] = backend.split(":");
              return {
                path,
                pathType: "Prefix",
                backend: { service: { name: service, port: { number: Number(port) } } },
              };
            }),
          },
        },
      ],
    },
  };
}

export function service(name: string, externalIPs: readonly string[], port = 80) {
  return { apiVersion: "v1", kind: "Service", metadata: { name }, spec: { externalIPs, ports: [{ port }] } };
}

/** Resolves with what `look` finds, as soon as it finds something. */
export async function until<T>(look: () => T | undefined | false | Promise<T | undefined | false>, limitMs = 10_000) {
  const asked = performance.now();
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() - asked > limitMs) throw new Error(`not so after ${limitMs} ms: ${look}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

export interface Asking {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Buffer;
}

/** Asks the local edge for a URL, whatever its host resolves to. */
export async function ask(edge: Edge, url: string, { method = "GET", headers = {}, body }: Asking = {}) {
  const response = await begin(edge, url, { method, headers }, (sent) => sent.end(body));
  const { statusCode = 0, rawHeaders } = response;
  return { status: statusCode, headers: response.headers, rawHeaders, body: await buffer(response) } satisfies Answered;
}

/** The answer to a request, as soon as its head is there; `send` writes the body. */
export function begin(
  { stack }: Edge,
  url: string,
  { method = "GET", headers = {} }: Asking = {},
  send: (sent: ReturnType<typeof requestHttp>) => void = (sent) => sent.end(),
): Promise<IncomingMessage> {
  const [, host = "", path = "/"] = /^http:\/\/([^/]+)(.*)$/.exec(url) ?? [];
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port: stack.http.port, method, path: path || "/" };
    const sent = requestHttp({ ...options, headers: { Host: host, ...headers }, agent: false });
    sent.on("response", resolve).on("error", reject);
    send(sent);
  });
}

/** Writes bytes as they are, and reads the answer to its end. */
export async function raw({ stack }: Edge, bytes: string): Promise<string> {
  const socket = connect(Number(stack.http.port), "127.0.0.1");
  socket.setEncoding("latin1");
  socket.write(Buffer.from(bytes, "latin1"));
  return await text(socket);
}

/** The values of a header, each as it was written. */
export function valuesOf(rawHeaders: readonly string[], name: string): string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
}
