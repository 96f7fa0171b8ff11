import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { Certificate } from "../../sync/dev/certificates.ts";
import type { Listening } from "../../sync/dev/listening.ts";
import { converted } from "./api-server/conversion.ts";
import { type Armed, type Asked, type Fault, isOn, type On, type StreamFault } from "./api-server/faults.ts";
import { certificate, listenFor } from "./api-server/listen.ts";
import { groupVersionOf, RESOURCES, type Resource } from "./api-server/resources.ts";
import { respond } from "./api-server/respond.ts";
import { type KubernetesObject, type Metadata, Store } from "./api-server/store.ts";
import type { WatchStream } from "./api-server/watches.ts";
import { born, empty } from "./api-server/writes.ts";

export type { Armed, Asked, Fault, On, StreamFault } from "./api-server/faults.ts";
export type { Resource } from "./api-server/resources.ts";
export type { KubernetesObject } from "./api-server/store.ts";

const TOKEN = "token-of-the-tests";

export interface ApiServerOptions {
  /** The versions of Ingress and IngressClass served, for example "extensions/v1beta1"; all, when left out. */
  readonly served?: readonly string[];
  /** Resources beyond those that it has anyway. */
  readonly resources?: readonly Resource[];
  /** Speaks TLS and HTTP/2, as a real one does. */
  readonly tls?: boolean;
}

/** An object to be put there, with as much of its metadata as matters. */
export interface Applied {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string } & Partial<Metadata>;
  readonly [field: string]: unknown;
}

/** A Kubernetes API server on loopback that does wrong what it is told to. Its objects are kept in memory. */
export class ApiServer {
  /** Every request so far. */
  readonly requests: Asked[] = [];
  readonly #known: readonly Resource[];
  readonly #resources: readonly Resource[];
  readonly #certificate: Certificate | undefined;
  readonly #store = new Store();
  readonly #armed: Armed[] = [];
  readonly #watches = new Set<WatchStream>();
  readonly #forbidden: On[] = [];
  #listening: Listening | undefined;
  #port = 0;

  static async start(options: ApiServerOptions = {}): Promise<ApiServer> {
    const server = new ApiServer(options, options.tls ? await certificate() : undefined);
    await server.serve();
    return server;
  }

  private constructor({ served, resources = [] }: ApiServerOptions, pair: Certificate | undefined) {
    this.#known = [...RESOURCES, ...resources];
    const isServed = (one: Resource) => !one.kind.startsWith("Ingress") || served?.includes(groupVersionOf(one));
    this.#resources = served ? this.#known.filter(isServed) : this.#known;
    this.#certificate = pair;
    this.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "default" } });
  }

  get url(): string {
    return `${this.#certificate ? "https" : "http"}://127.0.0.1:${this.#port}`;
  }

  /** For `KubeConfig.loadFromOptions`. */
  get kubeconfig() {
    return {
      clusters: [{ name: "local", server: this.url, skipTLSVerify: true }],
      users: [{ name: "edgress", token: TOKEN }],
      contexts: [{ name: "local", cluster: "local", user: "edgress" }],
      currentContext: "local",
    };
  }

  /** The text of a kubeconfig file. */
  get kubeconfigText(): string {
    return JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "local", cluster: { server: this.url, "insecure-skip-tls-verify": true } }],
      users: [{ name: "edgress", user: { token: TOKEN } }],
      contexts: [{ name: "local", context: { cluster: "local", user: "edgress" } }],
      "current-context": "local",
    });
  }

  /** Lets the fault happen to the next requests, so many times; a watch's fault happens to watches only. */
  strike(on: On, fault: Fault, times = 1): Armed {
    const armed = { on, fault, left: times };
    this.#armed.push(armed);
    return armed;
  }

  /** Lets the fault happen to watches that are open now, and answers how many there were. */
  strikeWatches(on: On, fault: StreamFault): number {
    const struck = [...this.#watches].filter((watch) => watch.open && isOn(on, watch.asked));
    for (const watch of struck) watch.strike(fault);
    return struck.length;
  }

  /** How many watches are open now. */
  watches(on: On = /^/): number {
    return [...this.#watches].filter((watch) => watch.open && isOn(on, watch.asked)).length;
  }

  /** No fault waits any more. */
  heal(): void {
    this.#armed.length = 0;
    this.#forbidden.length = 0;
  }

  /** Answers 403 from now on. */
  forbid(on: On): void {
    this.#forbidden.push(on);
  }

  /** Forgets the past: versions read before now can be neither watched from nor paged on. */
  compact(): void {
    this.#store.compact();
  }

  /** Creates or replaces an object whole, its status too; its namespace comes along. */
  apply(object: Applied): KubernetesObject {
    const resource = this.#known.find((one) => one.kind === object.kind && groupVersionOf(one) === object.apiVersion);
    if (!resource) throw new Error(`this API server does not know ${object.apiVersion} ${object.kind}`);
    const namespace = resource.namespaced ? (object.metadata.namespace ?? "default") : undefined;
    if (namespace !== undefined && !this.#store.get("namespaces", undefined, namespace)) {
      this.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    }
    const before = this.#store.get(resource.plural, namespace, object.metadata.name);
    const { uid, creationTimestamp, generation } = before?.metadata ?? born(resource, new Date());
    const raised = before && !isDeepStrictEqual(before.spec, object.spec) ? 1 : 0;
    const kept = { uid, creationTimestamp, ...(generation !== undefined && { generation: generation + raised }) };
    const metadata = { ...kept, ...(namespace !== undefined && { namespace }), ...object.metadata };
    const status = resource.status && { status: resource.status };
    return this.#store.put(resource.plural, { ...status, ...object, metadata } as KubernetesObject); // born with all it needs
  }

  /** Removes an object, and all that is in it where it is a namespace. Answers whether it was there. */
  remove(kind: string, namespace: string | undefined, name: string): boolean {
    const { plural } = this.#resourceOf(kind);
    const namespaced = this.#resources.filter((one) => one.namespaced).map((one) => one.plural);
    if (kind === "Namespace") empty(this.#store, name, namespaced);
    return this.#store.remove(plural, namespace, name) !== undefined;
  }

  /** The objects of a kind, in all namespaces or one, as the first API version served writes them. */
  objects(kind: string, namespace?: string): KubernetesObject[] {
    const resource = this.#resourceOf(kind);
    const all = this.#store.at(resource.plural, this.#store.version) ?? [];
    const own = all.filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace);
    return own.map((object) => converted(object, resource));
  }

  /** Listens, on the port that it had before. */
  async serve(): Promise<void> {
    const parts = {
      token: TOKEN,
      store: this.#store,
      resources: this.#resources,
      requests: this.requests,
      armed: this.#armed,
      forbidden: this.#forbidden,
      watches: this.#watches,
    };
    const answer: Parameters<typeof listenFor>[0] = (request, response) => void respond(parts, request, response);
    this.#listening = await listenFor(answer, this.#port, this.#certificate);
    this.#port = this.#listening.port;
  }

  /** Drops every connection and refuses new ones, until `serve`. */
  async stop(): Promise<void> {
    await this.#listening?.close();
    this.#listening = undefined;
  }

  /** Is away for so long; the objects are as before. */
  async restart(awayMs = 0): Promise<void> {
    await this.stop();
    await sleep(awayMs);
    await this.serve();
  }

  #resourceOf(kind: string): Resource {
    const found = this.#resources.find((one) => one.kind === kind);
    if (!found) throw new Error(`this API server has no ${kind}`);
    return found;
  }
}
