import { type Cluster, HttpMethod, KubeConfig, RequestContext } from "@kubernetes/client-node";

const CREDENTIALS_TTL_MS = 60_000; // as client-go does with token files
/** By then all that was under way is over: a watch lasts half a minute, a request less. */
const RETIRE_DELAY_MS = 60_000;

export type Dispatcher = NonNullable<ReturnType<RequestContext["getDispatcher"]>>;
type AgentOptions = Parameters<KubeConfig["createDispatcherOptions"]>[1];

/** What a request needs to reach the API server as who we are. */
interface ServerConnection {
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
  #connection: ServerConnection | undefined;
  #pendingRead: Promise<ServerConnection> | undefined;

  /** What the next request is sent with. Rejects with one line where the kubeconfig leads nowhere. */
  async getConnection(): Promise<ServerConnection> {
    if (this.#connection && performance.now() - this.#connection.readAt <= CREDENTIALS_TTL_MS) return this.#connection;
    return await this.#readShared();
  }

  /** Always of our own: a connection of the process's shared agent could not be given up. */
  override createDispatcherOptions(cluster: Cluster | null, options: AgentOptions) {
    return super.createDispatcherOptions(cluster, { rejectUnauthorized: true, ...options });
  }

  /**
   * No request is sent on connections of `dispatcher` from now on: one that is half open would swallow it. What is under
   * way on them goes on, for they may be well.
   */
  abandon(dispatcher: Dispatcher): void {
    if (this.#connection?.dispatcher === dispatcher) this.invalidate();
  }

  /** Reads the credentials anew before the next request. */
  invalidate(): void {
    retire(this.#connection);
    this.#connection = undefined;
  }

  /** All who ask meanwhile get the same. */
  #readShared(): Promise<ServerConnection> {
    this.#pendingRead ??= this.#readConnection().finally(() => {
      this.#pendingRead = undefined;
    });
    return this.#pendingRead;
  }

  async #readConnection(): Promise<ServerConnection> {
    const server = parseServerUrl(this.getCurrentCluster());
    const context = new RequestContext(server.href, HttpMethod.GET);
    await this.applySecurityAuthentication(context);
    const dispatcher = context.getDispatcher();
    if (!dispatcher) throw new Error("the kubeconfig leads to no connection"); // never, by createDispatcherOptions
    retire(this.#connection);
    this.#connection = { server, headers: context.getHeaders(), dispatcher, readAt: performance.now() };
    return this.#connection;
  }
}

function parseServerUrl(cluster: Cluster | null): URL {
  if (!cluster) throw new Error("the kubeconfig names no cluster");
  if (!URL.canParse(cluster.server)) throw new Error(`the kubeconfig's server is not a URL: "${cluster.server}"`);
  return new URL(cluster.server);
}

function retire(connection: ServerConnection | undefined): void {
  const { dispatcher } = connection ?? {};
  if (dispatcher) setTimeout(() => void dispatcher.destroy(), RETIRE_DELAY_MS).unref();
}
