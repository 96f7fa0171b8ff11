import { createServer, type IncomingMessage, request as requestHttp, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { buffer, text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { parseCluster } from "../../sync/collect/parse-objects.ts";
import { createRegexInspector } from "../../sync/compile/hosts/regex-safety.ts";
import {
  type LocalCloudflare,
  type LocalCloudflareOptions,
  startLocalCloudflare,
} from "../../sync/local/local-cloudflare.ts";
import { waitForGeneration } from "../../sync/local/wait-for-generation.ts";
import { type ListeningServer, listen } from "../../sync/net/listen.ts";
import { ALLOW_ALL } from "../../sync/permits/model.ts";
import { type Account, createAccount } from "../../sync/publish/account.ts";
import { generateEncryptionKeys } from "../../sync/publish/encrypt-secrets.ts";
import { generateSigningKeys } from "../../sync/publish/sign-manifest.ts";
import { type AccountPublication, publishToAccount } from "./published.ts";

const WORKER = fileURLToPath(new URL("../../src/index.ts", import.meta.url));
const COMPILE_OPTIONS = {
  ingressClass: "edgress",
  controller: "edgress.dev/ingress-controller",
  watchIngressWithoutClass: false,
  allowedResponseHeaders: [],
  inspect: createRegexInspector(),
  permits: ALLOW_ALL,
};

/** The real Worker in workerd, with an account to publish to. */
export interface WorkerHarness {
  readonly stack: LocalCloudflare;
  readonly account: Account;
  /** Every line that the Worker has logged. */
  readonly lines: readonly string[];
  /** Publishes objects as they would lie in a cluster, and resolves when the edge serves them. */
  publish(objects: readonly object[]): Promise<AccountPublication>;
  /** Access lines so far, parsed. */
  accessLines(): AccessLine[];
  /** The access line of a request id, when it has come. */
  waitForAccessLine(requestId: string): Promise<AccessLine>;
  /** An origin on this machine that stands for `address`, such as "203.0.113.10:80". */
  startOrigin(
    address: string,
    handler: (request: IncomingMessage, response: ServerResponse) => void,
  ): Promise<ListeningServer>;
  close(): Promise<void>;
}

export type AccessLine = Readonly<Record<string, unknown>> & { readonly requestId: string };

export async function startWorkerHarness(options: Partial<LocalCloudflareOptions> = {}): Promise<WorkerHarness> {
  const keys = generateSigningKeys();
  const encryptionKeys = generateEncryptionKeys();
  const lines: string[] = [];
  const stack = await startLocalCloudflare({
    httpPort: 0,
    httpsPort: 0,
    zones: ["example.com"],
    worker: WORKER,
    log: (line) => lines.push(line),
    loopbackOnly: true,
    ...options,
    variables: {
      EDGRESS_VERIFYING_KEY: keys.publicKey,
      EDGRESS_DECRYPTION_KEY: encryptionKeys.privateKey,
      SNAPSHOT_REFRESH_MS: "20",
      ...options.variables,
    },
  });
  const account = createAccount({
    ...stack.account,
    apiToken: stack.account.token,
    signingKey: keys.privateKey,
    encryptionKey: encryptionKeys.publicKey,
  });
  const origins: ListeningServer[] = [];
  const accessLines = () => lines.flatMap(parseAccessLine);
  return {
    stack,
    account,
    lines,
    accessLines,
    async publish(objects) {
      const result = await publishToAccount(
        parseCluster(objects.map(asRawObject)),
        COMPILE_OPTIONS,
        account,
        new Date(),
      );
      await waitForGeneration(stack.http, result.publishResult.generation);
      return result;
    },
    waitForAccessLine: (requestId) => waitFor(() => accessLines().find((line) => line.requestId === requestId)),
    async startOrigin(address, handler) {
      const listener = await listen(createServer(handler), 0);
      origins.push(listener);
      stack.forward(address, `127.0.0.1:${listener.port}`);
      return listener;
    },
    async close() {
      await stack.close();
      await Promise.all(origins.map((listener) => listener.close()));
    },
  };
}

function asRawObject(object: object) {
  return { object, source: "cluster.yaml:1" };
}

function parseAccessLine(line: string): AccessLine[] {
  const value = JSON.parse(line) as AccessLine;
  return value.requestId === undefined ? [] : [value];
}

/** An Ingress for one host: the Service ("name" or "name:port") of each path. */
export function buildIngressManifest(
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

export function buildServiceManifest(name: string, externalIPs: readonly string[], port = 80) {
  return { apiVersion: "v1", kind: "Service", metadata: { name }, spec: { externalIPs, ports: [{ port }] } };
}

/** Resolves with what `look` finds, as soon as it finds something. */
export async function waitFor<T>(
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  limitMs = 10_000,
) {
  const startedAt = performance.now();
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    if (performance.now() - startedAt > limitMs) throw new Error(`not so after ${limitMs} ms: ${probe}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export interface RawResponse {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

export interface RequestOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Buffer;
}

/** Asks the local edge for a URL, whatever its host resolves to. */
export async function sendRequest(
  edge: WorkerHarness,
  url: string,
  { method = "GET", headers = {}, body }: RequestOptions = {},
) {
  const response = await startRequest(edge, url, { method, headers }, (request) => request.end(body));
  const { statusCode = 0, rawHeaders } = response;
  return {
    status: statusCode,
    headers: response.headers,
    rawHeaders,
    body: await buffer(response),
  } satisfies RawResponse;
}

/** The answer to a request, as soon as its head is there; `send` writes the body. */
export function startRequest(
  { stack }: WorkerHarness,
  url: string,
  { method = "GET", headers = {} }: RequestOptions = {},
  writeBody: (sent: ReturnType<typeof requestHttp>) => void = (sent) => sent.end(),
): Promise<IncomingMessage> {
  const [, host = "", path = "/"] = /^http:\/\/([^/]+)(.*)$/.exec(url) ?? [];
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port: stack.http.port, method, path: path || "/" };
    const request = requestHttp({ ...options, headers: { Host: host, ...headers }, agent: false });
    request.on("response", resolve).on("error", reject);
    writeBody(request);
  });
}

/** Writes bytes as they are, and reads the answer to its end. */
export async function sendRaw({ stack }: WorkerHarness, bytes: string): Promise<string> {
  const socket = connect(Number(stack.http.port), "127.0.0.1");
  socket.setEncoding("latin1");
  socket.write(Buffer.from(bytes, "latin1"));
  return await text(socket);
}

/** The values of a header, each as it was written. */
export function findHeaderValues(rawHeaders: readonly string[], name: string): string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
}
