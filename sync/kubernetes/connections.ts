import { type Cluster, HttpMethod, KubeConfig, RequestContext } from "@kubernetes/client-node";

const KEPT_MS = 60_000; // as client-go does with token files
/** By then all that was under way is over: a watch lasts half a minute, a request less. */
const RETIRED_MS = 60_000;

export type Dispatcher = NonNullable<ReturnType<RequestContext["getDispatcher"]>>;
type AgentOptions = Parameters<KubeConfig["createDispatcherOptions"]>[1];

/** What a request needs to reach the API server as who we are. */
interface Access {
  readonly server: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly dispatcher: Dispatcher;
  readonly readAt: number; // as performance.now()
}

/**
 * The kubeconfig, or the Pod's own, with connections that are shared: the client's own way is a new agent, and so a new
 * TLS handshake, for every request. Credentials are read anew every minute, since tokens and certificates rotate.
 */
export class Connections extends KubeConfig {
  #access: Access | undefined;
  #reading: Promise<Access> | undefined;

  /** What the next request is sent with. Rejects with one line where the kubeconfig leads nowhere. */
  async access(): Promise<Access> {
    if (this.#access && performance.now() - this.#access.readAt <= KEPT_MS) return this.#access;
    return await this.#read();
  }

  /** Always of our own: a connection of the process's shared agent could not be given up. */
  override createDispatcherOptions(cluster: Cluster | null, options: AgentOptions) {
    return super.createDispatcherOptions(cluster, { rejectUnauthorized: true, ...options });
  }

  /**
   * No request is sent on connections of `dispatcher` from now on: one that is half open would swallow it. What is under
   * way on them goes on, for they may be well.
   */
  giveUp(dispatcher: Dispatcher): void {
    if (this.#access?.dispatcher === dispatcher) this.renew();
  }

  /** Reads the credentials anew before the next request. */
  renew(): void {
    retire(this.#access);
    this.#access = undefined;
  }

  /** All who ask meanwhile get the same. */
  #read(): Promise<Access> {
    this.#reading ??= this.#readNow().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readNow(): Promise<Access> {
    const server = serverOf(this.getCurrentCluster());
    const context = new RequestContext(server.href, HttpMethod.GET);
    await this.applySecurityAuthentication(context);
    const dispatcher = context.getDispatcher();
    if (!dispatcher) throw new Error("the kubeconfig leads to no connection"); // never, by createDispatcherOptions
    retire(this.#access);
    this.#access = { server, headers: context.getHeaders(), dispatcher, readAt: performance.now() };
    return this.#access;
  }
}

function serverOf(cluster: Cluster | null): URL {
  if (!cluster) throw new Error("the kubeconfig names no cluster");
  if (!URL.canParse(cluster.server)) throw new Error(`the kubeconfig's server is not a URL: "${cluster.server}"`);
  return new URL(cluster.server);
}

function retire(access: Access | undefined): void {
  const { dispatcher } = access ?? {};
  if (dispatcher) setTimeout(() => void dispatcher.destroy(), RETIRED_MS).unref();
}
