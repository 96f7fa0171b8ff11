import { once } from "node:events";
import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIPv6 } from "node:net";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import Cloudflare from "cloudflare";
import type { Account } from "../../sync/account.ts";
import { kvOf } from "../../sync/cloudflare/kv.ts";
import { dnsOf } from "../../sync/cloudflare/records.ts";
import type { Cluster } from "../../sync/collect/cluster.ts";
import { type Echo, startEchoes } from "../../sync/dev/echo.ts";
import { untilInForce } from "../../sync/dev/in-force.ts";
import { type Stack, type StackOptions, startStack } from "../../sync/dev/stack.ts";
import { generateSealingKeys, sealerOf } from "../../sync/publish/seal.ts";
import { generateKeys, signerOf } from "../../sync/publish/sign.ts";
import { type Round, round } from "../../sync/round.ts";
import { OPTIONS } from "./fixture.ts";
import type { Header, Outcome, RequestLine } from "./requests.ts";

export const WORKER = fileURLToPath(new URL("../../src/index.ts", import.meta.url));
const RECHECK_MS = 10;
const RETRY_PAUSE_MS = 1;

/** The built Worker in workerd, behind a local Cloudflare, with an origin for every Service that it is given. */
export interface Edge {
  readonly stack: Stack;
  readonly account: Account;
  /** Publishes a cluster and resolves when the edge serves it. */
  serve(cluster: Cluster, options?: typeof OPTIONS): Promise<Round>;
  ask(line: Pick<RequestLine, "method" | "url" | "headers">): Promise<Outcome>;
  close(): Promise<void>;
}

export async function startEdge(
  zones: readonly string[],
  log: (line: string) => void = () => {},
  given: Partial<Pick<StackOptions, "worker" | "durableObjects">> = {},
): Promise<Edge> {
  const keys = generateKeys();
  const sealing = generateSealingKeys();
  const stack = await startStack({
    httpPort: 0,
    httpsPort: 0,
    zones,
    worker: WORKER,
    variables: {
      MANIFEST_PUBLIC_KEY: keys.publicKey,
      EDGRESS_SEALING_KEY: sealing.privateKey,
      RECHECK_MS: String(RECHECK_MS),
    },
    durableObjects: { LIMITER: "Limiter" },
    log,
    loopbackOnly: true,
    ...given,
  });
  const { accountId, namespaceId, token: apiToken, baseURL } = stack.account;
  const client = new Cloudflare({ apiToken, baseURL });
  const account = {
    kv: kvOf(client, accountId, namespaceId, RETRY_PAUSE_MS),
    dns: dnsOf(client, accountId),
    signer: signerOf(keys.privateKey),
    sealer: sealerOf(keys.privateKey, sealing.publicKey),
  };
  const echoes = new Map<string, Echo>();
  return {
    stack,
    account,
    async serve(cluster, options = OPTIONS) {
      await startOrigins(cluster, stack, echoes);
      const done = await round(cluster, options, account, new Date());
      await untilInForce(stack.http, done.published.generation);
      return done;
    },
    ask: (line) => ask(stack, line),
    async close() {
      await Promise.all([...echoes.values()].map((echo) => echo.close()));
      await stack.close();
    },
  };
}

/** An origin for every port of every Service, at the Service's addresses. */
async function startOrigins({ services }: Cluster, { forward }: Stack, echoes: Map<string, Echo>): Promise<void> {
  const ports = services.flatMap((service) => service.ports.map(({ port }) => ({ service, port })));
  for (const { service, port } of ports) {
    const backend = `${service.namespace}/${service.name}:${port}`;
    const echo = echoes.get(backend) ?? (await startOrigin(backend));
    echoes.set(backend, echo);
    const addresses = service.externalIPs.length > 0 ? service.externalIPs : service.loadBalancer;
    for (const address of addresses) forward(`${isIPv6(address) ? `[${address}]` : address}:${port}`, echo.address);
  }
}

async function startOrigin(backend: string): Promise<Echo> {
  const [echo] = await startEchoes([backend]);
  if (!echo) throw new Error(`no origin for ${backend}`);
  return echo;
}

/** Asks with the path and the Host exactly as the URL spells them. */
async function ask(stack: Stack, { method, url, headers }: Pick<RequestLine, "method" | "url" | "headers">) {
  const [, scheme, host = "", path = ""] = /^(https?):\/\/([^/?#]*)(.*)$/.exec(url) ?? [];
  const given = { method, path: path || "/", headers: [["Host", host], ...headers].flatMap(written), agent: false };
  const sent =
    scheme === "https"
      ? requestHttps({ ...given, host: "127.0.0.1", port: stack.https.port, rejectUnauthorized: false })
      : requestHttp({ ...given, host: "127.0.0.1", port: stack.http.port });
  sent.end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  return outcomeOf(response, await text(response));
}

function written([name, value]: readonly string[] | Header): string[] {
  return name === undefined || value === undefined ? [] : [name, value];
}

interface Echoed {
  readonly backend: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

function outcomeOf({ statusCode = 0, headers }: IncomingMessage, body: string): Outcome {
  const clientHeader = (name: string) => headers[name.toLowerCase()]?.toString();
  if (headers["x-echo-backend"] === undefined) return { end: { status: statusCode }, clientHeader };
  const { backend, method, path, headers: seen } = JSON.parse(body) as Echoed;
  const originHeader = (name: string) => seen[name.toLowerCase()];
  return { end: { backend }, asked: { method, path }, originHeader, clientHeader };
}
