import type { TestContext } from "node:test";
import { createAnalytics } from "../../../sync/cloudflare/analytics.ts";
import { createApiClient } from "../../../sync/cloudflare/client.ts";
import type { RolloutSettings } from "../../../sync/publish/rollout/decide.ts";
import type { AppliedObject } from "../api-server.ts";
import { buildIngressManifest, buildServiceManifest } from "../manifests.ts";
import { KEYS } from "../publish/signing.ts";
import { sendRequest } from "../worker/http-requests.ts";
import { startWorkerHarness, type WorkerHarness } from "../worker/worker-harness.ts";
import { type Controller, startController } from "./controller.ts";
import { startApiServer } from "./controller-harness.ts";
import { buildEnvironment } from "./memory-account.ts";

/** A cluster, a controller that publishes in stages, and the edge that it publishes to. */
export interface StagedEdge {
  readonly edge: WorkerHarness;
  readonly controller: Controller;
  apply(...objects: readonly AppliedObject[]): void;
  /** Sends a request as each of 60 clients, and counts the answers: "200 one". */
  count(url?: string): Promise<Record<string, number>>;
  /** Sends requests until the answers contain `answer`, and returns them. */
  countUntil(answer: string, url?: string): Promise<Record<string, number>>;
  /** Sends requests until a log line of the controller matches. */
  countUntilLogged(pattern: RegExp): Promise<void>;
}

const STAGED_URL = "http://shop.example.com/";
const CLIENTS = 60;
const WAIT_LIMIT_MS = 30_000;

/** Settings with which a roll-out takes seconds. */
const FAST_SETTINGS: RolloutSettings = { stages: [20, 50], intervalMs: 300, maxWaitMs: 60_000, minRequests: 30 };

/** Returns the Ingress `shop` with a Service for its root. */
export function buildShop(service: string, annotations: Readonly<Record<string, string>> = {}): AppliedObject {
  const manifest = buildIngressManifest("shop", "shop.example.com", { "/": service });
  return { ...manifest, metadata: { ...manifest.metadata, annotations } };
}

/** Starts a cluster with the Ingress `shop` on the Service `one`. Nothing listens behind the Service `broken`. */
export async function startStagedEdge(
  context: Pick<TestContext, "after">,
  settings: Partial<RolloutSettings> = {},
): Promise<StagedEdge> {
  const keys = KEYS;
  const datasets = { ANALYTICS: "edgress" };
  const edge = await startWorkerHarness({ variables: { EDGRESS_VERIFYING_KEY: keys.publicKey }, datasets });
  context.after(() => edge.close());
  await edge.startOrigin("203.0.113.1:80", (_, response) => response.end("one"));
  await edge.startOrigin("203.0.113.2:80", (_, response) => response.end("two"));
  await edge.startOrigin("203.0.113.3:80", (_, response) => response.writeHead(500).end("broken"));
  const server = await startApiServer();
  context.after(() => server.stop());
  const apply = (...objects: readonly AppliedObject[]) => {
    for (const object of objects) server.apply(object);
  };
  const services = { one: "203.0.113.1", two: "203.0.113.2", broken: "203.0.113.3" };
  apply(...Object.entries(services).map(([name, address]) => buildServiceManifest(name, [address])), buildShop("one"));
  const { account } = edge.stack;
  const client = createApiClient({ apiToken: account.token, baseURL: account.baseURL });
  const analytics = createAnalytics(client, account.accountId, "edgress");
  const rollouts = { settings: { ...FAST_SETTINGS, ...settings }, analytics };
  const times = { resyncMs: 200 };
  const controller = await startController(server, buildEnvironment(account, keys.privateKey), { rollouts, times });
  context.after(() => controller.stop());
  const count = (url?: string) => countAnswers(edge, url);
  const repeat = async (isDone: (answers: Record<string, number>) => boolean, url?: string) => {
    for (const end = Date.now() + WAIT_LIMIT_MS; ; ) {
      const answers = await count(url);
      if (isDone(answers)) return answers;
      if (Date.now() > end) throw new Error(`${JSON.stringify(answers)}\n${controller.lines.join("")}`);
    }
  };
  await repeat((answers) => answers["200 one"] === CLIENTS);
  return {
    edge,
    controller,
    apply,
    count,
    countUntil: (answer, url) => repeat((answers) => answer in answers, url),
    countUntilLogged: async (pattern) => void (await repeat(() => controller.hasLogged(pattern))),
  };
}

async function countAnswers(edge: WorkerHarness, url = STAGED_URL): Promise<Record<string, number>> {
  const clients = Array.from({ length: CLIENTS }, (_, index) => `198.51.100.${index + 1}`);
  const answers = await Promise.all(
    clients.map(async (client) => {
      const { status, body } = await sendRequest(edge, url, { headers: { "CF-Connecting-IP": client } });
      return `${status} ${body.split("\n", 1)[0]}`;
    }),
  );
  return Object.fromEntries([...Map.groupBy(answers, (answer) => answer)].map(([answer, all]) => [answer, all.length]));
}
