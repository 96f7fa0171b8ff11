import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { Certificate } from "../../sync/local/network/certificates.ts";
import type { ListeningServer } from "../../sync/net/listen.ts";
import { convertToVersion } from "./api-server/conversion.ts";
import {
  type ApiRequest,
  type ArmedFault,
  type Fault,
  matchesRequest,
  type RequestMatcher,
  type WatchFault,
} from "./api-server/faults.ts";
import { createServerCertificate, startListening } from "./api-server/listen.ts";
import { type ApiResource, formatGroupVersion, RESOURCES } from "./api-server/resources.ts";
import { respond } from "./api-server/respond.ts";
import { type KubernetesObject, type ObjectMetadata, ObjectStore } from "./api-server/store.ts";
import type { WatchStream } from "./api-server/watches.ts";
import { createMetadata, removeNamespaceContents } from "./api-server/writes.ts";

export type { ApiRequest, ArmedFault, Fault, RequestMatcher, WatchFault } from "./api-server/faults.ts";
export type { ApiResource } from "./api-server/resources.ts";
export type { KubernetesObject } from "./api-server/store.ts";

const TOKEN = "token-of-the-tests";

export interface ApiServerOptions {
  /** The versions of Ingress and IngressClass served, for example "extensions/v1beta1"; all, when left out. */
  readonly servedVersions?: readonly string[];
  /** Resources beyond those that it has anyway. */
  readonly resources?: readonly ApiResource[];
  /** Speaks TLS and HTTP/2, as a real one does. */
  readonly tls?: boolean;
}

/** An object to be put there, with as much of its metadata as matters. */
export interface AppliedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string } & Partial<ObjectMetadata>;
  readonly [field: string]: unknown;
}

/** A Kubernetes API server on loopback that does wrong what it is told to. Its objects are kept in memory. */
export class ApiServer {
  /** Every request so far. */
  readonly requests: ApiRequest[] = [];
  readonly #allResources: readonly ApiResource[];
  readonly #resources: readonly ApiResource[];
  readonly #certificate: Certificate | undefined;
  readonly #store = new ObjectStore();
  readonly #armedFaults: ArmedFault[] = [];
  readonly #watches = new Set<WatchStream>();
  readonly #forbiddenRequests: RequestMatcher[] = [];
  #listener: ListeningServer | undefined;
  #port = 0;

  static async start(options: ApiServerOptions = {}): Promise<ApiServer> {
    const server = new ApiServer(options, options.tls ? await createServerCertificate() : undefined);
    await server.serve();
    return server;
  }

  private constructor({ servedVersions, resources = [] }: ApiServerOptions, pair: Certificate | undefined) {
    this.#allResources = [...RESOURCES, ...resources];
    const isServed = (resource: ApiResource) =>
      !resource.kind.startsWith("Ingress") || servedVersions?.includes(formatGroupVersion(resource));
    this.#resources = servedVersions ? this.#allResources.filter(isServed) : this.#allResources;
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
  injectFault(matcher: RequestMatcher, fault: Fault, times = 1): ArmedFault {
    const armedFault = { matcher, fault, remaining: times };
    this.#armedFaults.push(armedFault);
    return armedFault;
  }

  /** Lets the fault happen to watches that are open now, and answers how many there were. */
  injectWatchFault(matcher: RequestMatcher, fault: WatchFault): number {
    const watches = [...this.#watches].filter((watch) => watch.isOpen && matchesRequest(matcher, watch.request));
    for (const watch of watches) watch.injectFault(fault);
    return watches.length;
  }

  /** How many watches are open now. */
  countWatches(matcher: RequestMatcher = /^/): number {
    return [...this.#watches].filter((watch) => watch.isOpen && matchesRequest(matcher, watch.request)).length;
  }

  /** No fault waits any more. */
  clearFaults(): void {
    this.#armedFaults.length = 0;
    this.#forbiddenRequests.length = 0;
  }

  /** Answers 403 from now on. */
  forbid(matcher: RequestMatcher): void {
    this.#forbiddenRequests.push(matcher);
  }

  /** Forgets the past: versions read before now can be neither watched from nor paged on. */
  compact(): void {
    this.#store.compact();
  }

  /** Creates or replaces an object whole, its status too; its namespace comes along. */
  apply(object: AppliedObject): KubernetesObject {
    const resource = this.#allResources.find(
      (candidate) => candidate.kind === object.kind && formatGroupVersion(candidate) === object.apiVersion,
    );
    if (!resource) throw new Error(`this API server does not know ${object.apiVersion} ${object.kind}`);
    const namespace = resource.namespaced ? (object.metadata.namespace ?? "default") : undefined;
    if (namespace !== undefined && !this.#store.get("namespaces", undefined, namespace)) {
      this.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    }
    const before = this.#store.get(resource.plural, namespace, object.metadata.name);
    const { uid, creationTimestamp, generation } = before?.metadata ?? createMetadata(resource, new Date());
    const increment = before && !isDeepStrictEqual(before.spec, object.spec) ? 1 : 0;
    const fixedFields = {
      uid,
      creationTimestamp,
      ...(generation !== undefined && { generation: generation + increment }),
    };
    const metadata = { ...fixedFields, ...(namespace !== undefined && { namespace }), ...object.metadata };
    const status = resource.status && { status: resource.status };
    return this.#store.put(resource.plural, { ...status, ...object, metadata } as KubernetesObject); // born with all it needs
  }

  /** Removes an object, and all that is in it where it is a namespace. Answers whether it was there. */
  remove(kind: string, namespace: string | undefined, name: string): boolean {
    const { plural } = this.#findResource(kind);
    const plurals = this.#resources.filter((resource) => resource.namespaced).map((one) => one.plural);
    if (kind === "Namespace") removeNamespaceContents(this.#store, name, plurals);
    return this.#store.remove(plural, namespace, name) !== undefined;
  }

  /** The objects of a kind, in all namespaces or one, as the first API version served writes them. */
  objects(kind: string, namespace?: string): KubernetesObject[] {
    const resource = this.#findResource(kind);
    const objects = this.#store.objectsAt(resource.plural, this.#store.version) ?? [];
    const selection = objects.filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace);
    return selection.map((object) => convertToVersion(object, resource));
  }

  /** Listens, on the port that it had before. */
  async serve(): Promise<void> {
    const server = {
      token: TOKEN,
      store: this.#store,
      resources: this.#resources,
      requests: this.requests,
      armedFaults: this.#armedFaults,
      forbiddenRequests: this.#forbiddenRequests,
      watches: this.#watches,
    };
    const handler: Parameters<typeof startListening>[0] = (request, response) =>
      void respond(server, request, response);
    this.#listener = await startListening(handler, this.#port, this.#certificate);
    this.#port = this.#listener.port;
  }

  /** Drops every connection and refuses new ones, until `serve`. */
  async stop(): Promise<void> {
    await this.#listener?.close();
    this.#listener = undefined;
  }

  /** Is away for so long; the objects are as before. */
  async restart(awayMs = 0): Promise<void> {
    await this.stop();
    await sleep(awayMs);
    await this.serve();
  }

  #findResource(kind: string): ApiResource {
    const resource = this.#resources.find((candidate) => candidate.kind === kind);
    if (!resource) throw new Error(`this API server has no ${kind}`);
    return resource;
  }
}
