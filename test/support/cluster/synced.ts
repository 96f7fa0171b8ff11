import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { type Api, ApiError } from "../../../sync/kubernetes/api.ts";
import { generateSealingKeys } from "../../../sync/publish/seal.ts";
import { generateKeys } from "../../../sync/publish/sign.ts";
import { ask, type Edge, ingress, startEdge } from "../edge.ts";
import { apiAs, type Cluster } from "./cluster.ts";

const LOOK_MS = 20;

/** A cluster and the local edge, with all that a sync job between them needs. */
export interface Synced {
  /** The admin's. */
  readonly api: Api;
  readonly edge: Edge;
  /** The account and the keys, as `edgress sync` reads them. */
  readonly environment: Readonly<Record<string, string>>;
  /** Starts an origin for an address ("203.0.113.11:80"), which answers with `name` and the path that it sees. */
  origin(address: string, name: string): Promise<void>;
  /** What a client gets: "name /path" of the origin, or the status where that is not 200. */
  answer(url: string, headers?: Readonly<Record<string, string>>): Promise<string>;
  /** Resolves when a client gets `wanted`; rejects with what it gets instead after `limitMs`. */
  answers(url: string, wanted: string, headers?: Readonly<Record<string, string>>): Promise<string>;
  /** The generation in force at the edge. */
  generation(): Promise<number>;
  /** What the status of an Ingress says; undefined where there is no such Ingress. */
  status(namespace: string, name: string): Promise<ShownStatus | undefined>;
  /** Resolves with the generation since which an Ingress is live, once its status has one that is later than `since`. */
  isLive(namespace: string, name: string, since?: number): Promise<number>;
  /** What the owner of an Ingress is told, in no order: "Warning RouteClosed: …". */
  events(namespace: string, name: string): Promise<string[]>;
  close(): Promise<void>;
}

export interface ShownStatus {
  readonly addresses: readonly string[];
  /** The annotation edgress.dev/live-generation. */
  readonly live: number | undefined;
}

const Generation = z.object({ generation: z.number().optional() });
const Events = z.object({
  items: z.array(
    z.object({
      type: z.string(),
      reason: z.string(),
      message: z.string(),
      involvedObject: z.object({ kind: z.string(), name: z.string() }),
    }),
  ),
});
const Shown = z.object({
  metadata: z.object({ annotations: z.record(z.string(), z.string()).optional() }),
  status: z.object({
    loadBalancer: z.object({
      ingress: z.array(z.object({ ip: z.string().optional(), hostname: z.string().optional() })).optional(),
    }),
  }),
});

/** Starts the local edge beside a cluster; `close` leaves the cluster alone. */
export async function syncedWith(cluster: Cluster, zones: readonly string[] = ["example.com"]): Promise<Synced> {
  const [keys, sealing] = [generateKeys(), generateSealingKeys()];
  const variables = { MANIFEST_PUBLIC_KEY: keys.publicKey, EDGRESS_SEALING_KEY: sealing.privateKey };
  const edge = await startEdge({ zones, variables });
  const { account, http } = edge.stack;
  const api = apiAs(cluster.kubeconfig);
  const answer: Synced["answer"] = async (url, headers = {}) => {
    const { status, body } = await ask(edge, url, { headers });
    return status === 200 ? body.toString() : String(status);
  };
  return {
    api,
    edge,
    environment: {
      CLOUDFLARE_BASE_URL: account.baseURL,
      CLOUDFLARE_API_TOKEN: account.token,
      CLOUDFLARE_ACCOUNT_ID: account.accountId,
      EDGRESS_KV_NAMESPACE_ID: account.namespaceId,
      EDGRESS_SIGNING_KEY: keys.privateKey,
      EDGRESS_SEALING_PUBLIC_KEY: sealing.publicKey,
    },
    async origin(address, name) {
      await edge.origin(address, ({ url }, response) => response.end(`${name} ${url}`));
    },
    answer,
    answers: (url, wanted, headers) => becomes(`the answer of ${url}`, () => answer(url, headers), wanted),
    async generation() {
      const response = await fetch(new URL("/.well-known/edgress/generation", http));
      return Generation.parse(await response.json()).generation ?? 0;
    },
    status: (namespace, name) => statusOf(api, namespace, name),
    async isLive(namespace, name, since = 0) {
      const look = () => statusOf(api, namespace, name);
      const shown = await becomes(`the status of ${namespace}/${name}`, look, (found) => (found?.live ?? 0) > since);
      return shown?.live ?? 0;
    },
    async events(namespace, name) {
      const { items } = Events.parse(await api.get(`/api/v1/namespaces/${namespace}/events`));
      const about = items.filter(({ involvedObject: { kind, name: one } }) => kind === "Ingress" && one === name);
      return about.map(({ type, reason, message }) => `${type} ${reason}: ${message}`);
    },
    close: edge.close,
  };
}

/** Resolves when `look` finds `wanted`; rejects with what it finds instead, of what is called `what`, after `limitMs`. */
export async function becomes<T>(
  what: string,
  look: () => Promise<T>,
  wanted: T | ((found: T) => boolean),
  limitMs = 20_000,
): Promise<T> {
  const isWanted = (found: T) => (wanted instanceof Function ? wanted(found) : found === wanted);
  for (const asked = performance.now(); ; await sleep(LOOK_MS)) {
    const found = await look();
    if (isWanted(found)) return found;
    if (performance.now() - asked > limitMs) throw new Error(`${what} is still ${JSON.stringify(found)}`);
  }
}

/** Makes a change and waits until it is seen, prints the time between, and fails where that is `limitMs` or more. */
export async function within(
  t: TestContext,
  limitMs: number,
  what: string,
  { change, seen }: { change?: () => Promise<unknown>; seen: () => Promise<unknown> },
): Promise<void> {
  const asked = performance.now();
  await change?.();
  await seen();
  const ms = Math.round(performance.now() - asked);
  t.diagnostic(`${what}: ${ms} ms`);
  assert(ms < limitMs, `${what}: ${ms} ms, and at most ${limitMs} ms are good`);
}

/** Acts on all, as many at once as a cluster's users are. */
export async function inParallel<T>(items: readonly T[], act: (item: T) => Promise<unknown>): Promise<void> {
  const left = items.values();
  const user = async () => {
    for (const item of left) await act(item);
  };
  await Promise.all(Array.from({ length: 50 }, user));
}

export function ingressesOf(namespace: string): string {
  return `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses`;
}

/** An Ingress for one host, of a class or of none: the Service of each path. */
export function ingressOf(
  ingressClassName: string | undefined,
  name: string,
  paths: Readonly<Record<string, string>>,
  annotations: Readonly<Record<string, string>> = {},
) {
  const made = ingress(name, `${name}.example.com`, paths, annotations);
  return { ...made, spec: { ...made.spec, ingressClassName } };
}

async function statusOf(api: Api, namespace: string, name: string): Promise<ShownStatus | undefined> {
  try {
    return shownIn(Shown.parse(await api.get(`${ingressesOf(namespace)}/${name}`)));
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

function shownIn({ metadata, status }: z.infer<typeof Shown>): ShownStatus {
  const live = metadata.annotations?.["edgress.dev/live-generation"];
  const entries = status.loadBalancer.ingress ?? [];
  return {
    addresses: entries.map(({ ip, hostname }) => ip ?? hostname ?? ""),
    live: live === undefined ? undefined : Number(live),
  };
}
