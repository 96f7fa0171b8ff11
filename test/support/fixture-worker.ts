import { once } from "node:events";
import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIPv6 } from "node:net";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { Cluster } from "../../sync/collect/cluster-model.ts";
import { type EchoServer, startEchoServers } from "../../sync/local/echo/echo.ts";
import {
  type LocalCloudflare,
  type LocalCloudflareOptions,
  startLocalCloudflare,
} from "../../sync/local/local-cloudflare.ts";
import { waitForGeneration } from "../../sync/local/wait-for-generation.ts";
import { type Account, createAccount } from "../../sync/publish/account.ts";
import { generateEncryptionKeys } from "../../sync/publish/encrypt-secrets.ts";
import { generateSigningKeys } from "../../sync/publish/sign-manifest.ts";
import { OPTIONS } from "./fixture.ts";
import { type AccountPublication, publishToAccount } from "./published.ts";
import type { Header, ObservedOutcome, RequestLine } from "./requests.ts";

export const WORKER = fileURLToPath(new URL("../../src/index.ts", import.meta.url));
const SNAPSHOT_REFRESH_MS = 10;
const RETRY_PAUSE_MS = 1;

/** The built Worker in workerd, behind a local Cloudflare, with an origin for every Service that it is given. */
export interface EchoHarness {
  readonly stack: LocalCloudflare;
  readonly account: Account;
  /** Publishes a cluster and resolves when the edge serves it. */
  publish(cluster: Cluster, options?: typeof OPTIONS): Promise<AccountPublication>;
  sendRequest(line: Pick<RequestLine, "method" | "url" | "headers">): Promise<ObservedOutcome>;
  close(): Promise<void>;
}

export async function startEchoHarness(
  zones: readonly string[],
  log: (line: string) => void = () => {},
  overrides: Partial<Pick<LocalCloudflareOptions, "worker" | "durableObjects">> = {},
): Promise<EchoHarness> {
  const keys = generateSigningKeys();
  const encryptionKeys = generateEncryptionKeys();
  const stack = await startLocalCloudflare({
    httpPort: 0,
    httpsPort: 0,
    zones,
    worker: WORKER,
    variables: {
      EDGRESS_VERIFYING_KEY: keys.publicKey,
      EDGRESS_DECRYPTION_KEY: encryptionKeys.privateKey,
      SNAPSHOT_REFRESH_MS: String(SNAPSHOT_REFRESH_MS),
    },
    durableObjects: { LIMITER: "Limiter" },
    log,
    loopbackOnly: true,
    ...overrides,
  });
  const account = createAccount({
    ...stack.account,
    apiToken: stack.account.token,
    signingKey: keys.privateKey,
    encryptionKey: encryptionKeys.publicKey,
    writeIntervalMs: RETRY_PAUSE_MS,
  });
  const echoes = new Map<string, EchoServer>();
  return {
    stack,
    account,
    async publish(cluster, options = OPTIONS) {
      await startOrigins(cluster, stack, echoes);
      const result = await publishToAccount(cluster, options, account, new Date());
      await waitForGeneration(stack.http, result.publishResult.generation);
      return result;
    },
    sendRequest: (line) => sendLine(stack, line),
    async close() {
      await Promise.all([...echoes.values()].map((echo) => echo.close()));
      await stack.close();
    },
  };
}

/** An origin for every port of every Service, at the Service's addresses. */
async function startOrigins(
  { services }: Cluster,
  { forward }: LocalCloudflare,
  echoes: Map<string, EchoServer>,
): Promise<void> {
  const ports = services.flatMap((service) => service.ports.map(({ port }) => ({ service, port })));
  for (const { service, port } of ports) {
    const backend = `${service.namespace}/${service.name}:${port}`;
    const echo = echoes.get(backend) ?? (await startOrigin(backend));
    echoes.set(backend, echo);
    const addresses = service.externalIPs.length > 0 ? service.externalIPs : service.loadBalancer;
    for (const address of addresses) forward(`${isIPv6(address) ? `[${address}]` : address}:${port}`, echo.address);
  }
}

async function startOrigin(backend: string): Promise<EchoServer> {
  const [echo] = await startEchoServers([backend]);
  if (!echo) throw new Error(`no origin for ${backend}`);
  return echo;
}

/** Asks with the path and the Host exactly as the URL spells them. */
async function sendLine(
  stack: LocalCloudflare,
  { method, url, headers }: Pick<RequestLine, "method" | "url" | "headers">,
) {
  const [, scheme, host = "", path = ""] = /^(https?):\/\/([^/?#]*)(.*)$/.exec(url) ?? [];
  const options = {
    method,
    path: path || "/",
    headers: [["Host", host], ...headers].flatMap(flattenHeader),
    agent: false,
  };
  const request =
    scheme === "https"
      ? requestHttps({ ...options, host: "127.0.0.1", port: stack.https.port, rejectUnauthorized: false })
      : requestHttp({ ...options, host: "127.0.0.1", port: stack.http.port });
  request.end();
  const [response] = (await once(request, "response")) as [IncomingMessage];
  return readOutcome(response, await text(response));
}

function flattenHeader([name, value]: readonly string[] | Header): string[] {
  return name === undefined || value === undefined ? [] : [name, value];
}

interface EchoBody {
  readonly backend: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

function readOutcome({ statusCode = 0, headers }: IncomingMessage, body: string): ObservedOutcome {
  const clientHeader = (name: string) => headers[name.toLowerCase()]?.toString();
  if (headers["x-echo-backend"] === undefined) return { destination: { status: statusCode }, clientHeader };
  const { backend, method, path, headers: echoHeaders } = JSON.parse(body) as EchoBody;
  const originHeader = (name: string) => echoHeaders[name.toLowerCase()];
  return { destination: { backend }, originRequest: { method, path }, originHeader, clientHeader };
}
