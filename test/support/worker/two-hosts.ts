import { CURRENT_KEY } from "../../../src/rules/kv-keys.ts";
import type { Manifest } from "../../../src/rules/snapshot.ts";
import { STATUS_HEADERS } from "../../../sync/local/wait-for-generation.ts";
import { toCanonicalJson } from "../../../sync/publish/canonical-json.ts";
import { buildIngressManifest, buildServiceManifest } from "../manifests.ts";
import { waitFor } from "../wait-for.ts";
import { sendRequest } from "./http-requests.ts";
import { startWorkerHarness, type WorkerHarness, type WorkerHarnessOptions } from "./worker-harness.ts";

export const TWO_SERVICES = [
  buildServiceManifest("one", ["203.0.113.1"]),
  buildServiceManifest("two", ["203.0.113.2"]),
];

const WARNING_LIMIT_MS = 10_000;
/** Few requests, because a read of KV takes 3 s to time out. */
const WARNING_INTERVAL_MS = 20;

type ServiceName = "one" | "two";

/** Returns the hosts a.example.com and b.example.com, each with its Service. */
export function buildTwoHosts(serviceOfA: ServiceName, serviceOfB: ServiceName): object[] {
  return [
    buildIngressManifest("a", "a.example.com", { "/": serviceOfA }),
    buildIngressManifest("b", "b.example.com", { "/": serviceOfB }),
    ...TWO_SERVICES,
  ];
}

/** Starts an edge with an origin for each of the two Services. Each responds with its name. */
export async function startTwoHostsEdge(options: WorkerHarnessOptions = {}): Promise<WorkerHarness> {
  const edge = await startWorkerHarness(options);
  await edge.startOrigin("203.0.113.1:80", (_, response) => response.end("one"));
  await edge.startOrigin("203.0.113.2:80", (_, response) => response.end("two"));
  return edge;
}

/** Returns "200 one" for example. */
export async function fetchStatusAndBody(edge: WorkerHarness, url: string): Promise<string> {
  const { status, body } = await sendRequest(edge, url);
  return `${status} ${body}`;
}

/** Returns the generation that the edge serves from. */
export async function fetchGeneration(edge: WorkerHarness): Promise<number> {
  const { body } = await sendRequest(edge, "http://a.example.com/.well-known/edgress/generation", {
    headers: STATUS_HEADERS,
  });
  return (JSON.parse(body) as { generation: number }).generation;
}

/** Returns the published manifest. */
export async function readManifest(edge: WorkerHarness): Promise<Manifest> {
  const bytes = await edge.account.kv.get(CURRENT_KEY);
  return JSON.parse((JSON.parse(bytes ?? "") as { manifest: string }).manifest) as Manifest;
}

/** Signs a manifest and publishes it, without its shards. */
export async function putManifest(edge: WorkerHarness, manifest: object): Promise<void> {
  const value = edge.account.signer.sign(toCanonicalJson(manifest));
  await edge.account.kv.put([{ key: CURRENT_KEY, value }]);
}

/**
 * Sends requests until the edge logs a warning after line `since`, and returns its reason. Each response must be "200 one".
 */
export async function waitForWarning(edge: WorkerHarness, event: string, since: number): Promise<string> {
  const probe = async () => {
    const response = await fetchStatusAndBody(edge, "http://a.example.com/");
    if (response !== "200 one") throw new Error(`the response was ${response}`);
    const warning = edge.lines.slice(since).find((line) => line.includes(`"event":"${event}"`));
    return warning && (JSON.parse(warning) as { reason: string }).reason;
  };
  return await waitFor(probe, WARNING_LIMIT_MS, WARNING_INTERVAL_MS);
}
