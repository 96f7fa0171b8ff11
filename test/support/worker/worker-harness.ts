import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Cluster } from "../../../sync/collect/cluster-model.ts";
import { parseCluster } from "../../../sync/collect/parse-objects.ts";
import type { Options } from "../../../sync/compile/options.ts";
import type { HostOptions } from "../../../sync/controller/managed-hosts.ts";
import { createEchoOrigins } from "../../../sync/local/echo/echo-origins.ts";
import {
  type LocalCloudflare,
  type LocalCloudflareOptions,
  startLocalCloudflare,
} from "../../../sync/local/local-cloudflare.ts";
import { waitForGeneration } from "../../../sync/local/wait-for-generation.ts";
import { type ListeningServer, listen } from "../../../sync/net/listen.ts";
import { ALLOW_ALL } from "../../../sync/permits/model.ts";
import { type Account, createAccount } from "../../../sync/publish/account.ts";
import { generateEncryptionKeys } from "../../../sync/publish/encrypt-secrets.ts";
import { createRegexLookup } from "../../../sync/regex-check/regex-lookup.ts";
import { RAISED_CALL_LIMIT } from "../account/call-limit.ts";
import { type AccountPublication, publishToAccount } from "../publish/publish-to-account.ts";
import { KEYS } from "../publish/signing.ts";
import { waitFor } from "../wait-for.ts";
import { findWorkerBundle } from "./worker-bundle.ts";

/** The Worker in workerd behind a local Cloudflare, with an account to publish to. */
export interface WorkerHarness {
  readonly stack: LocalCloudflare;
  readonly account: Account;
  /** Lines that the Worker logged so far. */
  readonly lines: readonly string[];
  /** Publishes the objects of a cluster, and resolves when the edge serves them. */
  publish(objects: readonly object[], settings?: PublishSettings): Promise<AccountPublication>;
  publishCluster(cluster: Cluster, settings?: PublishSettings): Promise<AccountPublication>;
  /** Access lines so far, parsed. */
  accessLines(): AccessLine[];
  /** Resolves with the access line of a request id. */
  waitForAccessLine(requestId: string): Promise<AccessLine>;
  /** Starts an origin on this machine in place of `address`, such as "203.0.113.10:80". */
  startOrigin(
    address: string,
    handler: (request: IncomingMessage, response: ServerResponse) => void,
  ): Promise<ListeningServer>;
  close(): Promise<void>;
}

export interface WorkerHarnessOptions
  extends Partial<
    Pick<
      LocalCloudflareOptions,
      "zones" | "worker" | "variables" | "durableObjects" | "edgeFaults" | "datasets" | "routedScript"
    >
  > {
  /** Whether each published Service gets an origin that echoes its requests. */
  readonly echoOrigins?: boolean;
}

export interface PublishSettings {
  readonly options?: Omit<Options, "zones" | "tokenizeSecret">;
  /** Time of the publication. History keeps everything younger than one hour, and every publication reads it. */
  readonly now?: Date;
  readonly hostOptions?: HostOptions;
  /** The account to publish to; that of the edge if not set. */
  readonly account?: Account;
}

export type AccessLine = Readonly<Record<string, unknown>> & { readonly requestId: string };

const COMPILE_OPTIONS: Omit<Options, "zones" | "tokenizeSecret"> = {
  ingressClass: "edgress",
  controller: "edgress.dev/ingress-controller",
  watchIngressWithoutClass: true,
  exclusiveHosts: false,
  allowedResponseHeaders: [],
  regexVerdicts: createRegexLookup(),
  permits: ALLOW_ALL,
};

export async function startWorkerHarness(options: WorkerHarnessOptions = {}): Promise<WorkerHarness> {
  const lines: string[] = [];
  const { stack, account } = await startStack(options, (line) => lines.push(line));
  const echoOrigins = options.echoOrigins ? createEchoOrigins(stack) : undefined;
  const origins: ListeningServer[] = [];
  const accessLines = () => lines.flatMap(parseAccessLine);
  const publishCluster = async (cluster: Cluster, settings: PublishSettings = {}) => {
    await echoOrigins?.start(cluster);
    const { options: compileOptions = COMPILE_OPTIONS, now = new Date() } = settings;
    const { account: target = account, hostOptions } = settings;
    const result = await publishToAccount(cluster, compileOptions, target, now, hostOptions);
    // With routes, no request for a loopback address reaches the Worker.
    if (options.routedScript === undefined) await waitForGeneration(stack.http, result.publishResult.generation);
    return result;
  };
  return {
    stack,
    account,
    lines,
    accessLines,
    publish: (objects, settings) => publishCluster(parseCluster(objects.map(asRawObject)), settings),
    publishCluster,
    waitForAccessLine: (requestId) => waitFor(() => accessLines().find((line) => line.requestId === requestId)),
    async startOrigin(address, handler) {
      const listener = await listen(createServer(handler), 0);
      origins.push(listener);
      stack.forward(address, `127.0.0.1:${listener.port}`);
      return listener;
    },
    async close() {
      await stack.close();
      await Promise.all([...origins, ...(echoOrigins ? [echoOrigins] : [])].map(({ close }) => close()));
    },
  };
}

async function startStack(
  { echoOrigins: _, variables, ...overrides }: WorkerHarnessOptions,
  log: (line: string) => void,
) {
  const signingKeys = KEYS;
  const encryptionKeys = generateEncryptionKeys();
  const stack = await startLocalCloudflare({
    httpPort: 0,
    httpsPort: 0,
    zones: ["example.com"],
    durableObjects: { LIMITER: "Limiter", FLOOR: "GenerationFloor" },
    loopbackOnly: true,
    log,
    ...overrides,
    account: { callLimit: RAISED_CALL_LIMIT },
    worker: overrides.worker ?? (await findWorkerBundle()),
    variables: {
      EDGRESS_VERIFYING_KEY: signingKeys.publicKey,
      EDGRESS_DECRYPTION_KEY: encryptionKeys.privateKey,
      SNAPSHOT_REFRESH_MS: "10",
      ...variables,
    },
  });
  const account = createAccount({
    ...stack.account,
    apiToken: stack.account.token,
    signingKey: signingKeys.privateKey,
    encryptionKey: encryptionKeys.publicKey,
    writeIntervalMs: 1,
  });
  return { stack, account };
}

function asRawObject(object: object) {
  return { object, source: "cluster.yaml:1" };
}

function parseAccessLine(line: string): AccessLine[] {
  const value = JSON.parse(line) as AccessLine;
  return value.requestId === undefined ? [] : [value];
}
