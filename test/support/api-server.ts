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
import { buildKubeconfigOptions, formatKubeconfigFile } from "./api-server/kubeconfig.ts";
import { createServerCertificate, startListening } from "./api-server/listen.ts";
import { type ApiResource, formatGroupVersion, RESOURCES } from "./api-server/resources.ts";
import { respond } from "./api-server/respond.ts";
import { createMetadata, type KubernetesObject, type ObjectMetadata, ObjectStore } from "./api-server/store.ts";
import type { WatchStream } from "./api-server/watches.ts";
import { removeNamespaceContents } from "./api-server/writes.ts";

export type { ApiRequest, ArmedFault, Fault, RequestMatcher, WatchFault } from "./api-server/faults.ts";
export type { ApiResource } from "./api-server/resources.ts";
export type { KubernetesObject } from "./api-server/store.ts";

const TOKEN = "token-of-the-tests";

export interface ApiServerOptions {
  /** Served versions of Ingress and IngressClass, for example "extensions/v1beta1". All by default. */
  readonly servedVersions?: readonly string[];
  /** Resources in addition to the default ones. */
  readonly resources?: readonly ApiResource[];
  /** Serves TLS and HTTP/2, as in Kubernetes. */
  readonly tls?: boolean;
}

/** An object to apply. The server adds missing metadata. */
export interface AppliedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string } & Partial<ObjectMetadata>;
  readonly [field: string]: unknown;
}

/** A Kubernetes API server on loopback with injectable faults. It keeps its objects in memory. */
export class ApiServer {
  /** Requests so far. */
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

  /** Options for `KubeConfig.loadFromOptions`. */
  get kubeconfig() {
    return buildKubeconfigOptions(this.url, TOKEN);
  }

  /** The text of a kubeconfig file. */
  get kubeconfigText(): string {
    return formatKubeconfigFile(this.url, TOKEN);
  }

  /** Injects a fault into the next `times` matching requests. A watch fault affects only watches. */
  injectFault(matcher: RequestMatcher, fault: Fault, times = 1): ArmedFault {
    const armedFault = { matcher, fault, remaining: times };
    this.#armedFaults.push(armedFault);
    return armedFault;
  }

  /** Injects a fault into all matching open watches, and returns their number. */
  injectWatchFault(matcher: RequestMatcher, fault: WatchFault): number {
    const watches = [...this.#watches].filter((watch) => watch.isOpen && matchesRequest(matcher, watch.request));
    for (const watch of watches) watch.injectFault(fault);
    return watches.length;
  }

  /** Returns the number of open watches. */
  countWatches(matcher: RequestMatcher = /^/): number {
    return [...this.#watches].filter((watch) => watch.isOpen && matchesRequest(matcher, watch.request)).length;
  }

  /** Removes all faults and forbidden requests. */
  clearFaults(): void {
    this.#armedFaults.length = 0;
    this.#forbiddenRequests.length = 0;
  }

  /** Answers 403 to matching requests. */
  forbid(matcher: RequestMatcher): void {
    this.#forbiddenRequests.push(matcher);
  }

  /** Drops the history. Earlier versions are then invalid for watches and pages. */
  compact(): void {
    this.#store.compact();
  }

  /** Creates or replaces an object with its status. Creates its namespace if necessary. */
  apply(object: AppliedObject): KubernetesObject {
    const resource = this.#allResources.find(
      (candidate) => candidate.kind === object.kind && formatGroupVersion(candidate) === object.apiVersion,
    );
    if (!resource) throw new Error(`unsupported resource: ${object.apiVersion} ${object.kind}`);
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
    return this.#store.put(resource.plural, { ...status, ...object, metadata } as KubernetesObject); // one write, so that no watch sees an object without status
  }

  /** Removes an object, and the contents of a namespace. Returns whether the object existed. */
  remove(kind: string, namespace: string | undefined, name: string): boolean {
    const { plural } = this.#findResource(kind);
    const plurals = this.#resources.filter((resource) => resource.namespaced).map((resource) => resource.plural);
    if (kind === "Namespace") removeNamespaceContents(this.#store, name, plurals);
    return this.#store.remove(plural, namespace, name) !== undefined;
  }

  /** Returns the objects of a kind, in all namespaces or one, in the first served API version. */
  objects(kind: string, namespace?: string): KubernetesObject[] {
    const resource = this.#findResource(kind);
    const objects = this.#store.objectsAt(resource.plural, this.#store.version) ?? [];
    const selection = objects.filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace);
    return selection.map((object) => convertToVersion(object, resource));
  }

  /** Starts to listen. After `stop` it uses the same port again. */
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

  /** Closes every connection, and refuses new ones until `serve`. */
  async stop(): Promise<void> {
    await this.#listener?.close();
    this.#listener = undefined;
  }

  /** Stops for `awayMs`, then serves the same objects. */
  async restart(awayMs = 0): Promise<void> {
    await this.stop();
    await sleep(awayMs);
    await this.serve();
  }

  #findResource(kind: string): ApiResource {
    const resource = this.#resources.find((candidate) => candidate.kind === kind);
    if (!resource) throw new Error(`unsupported kind: ${kind}`);
    return resource;
  }
}
