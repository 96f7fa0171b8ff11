import { type Cluster, HttpMethod, KubeConfig, RequestContext } from "@kubernetes/client-node";

const CREDENTIALS_TTL_MS = 60_000; // as client-go does with token files
/** Longer than any pending request: a watch takes up to 30 s. */
const RETIRE_DELAY_MS = 60_000;

export type Dispatcher = NonNullable<ReturnType<RequestContext["getDispatcher"]>>;
type AgentOptions = Parameters<KubeConfig["createDispatcherOptions"]>[1];

/** The server, the credentials and the connection pool for requests. */
interface ServerConnection {
  readonly server: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly dispatcher: Dispatcher;
  readonly readAt: number; // by performance.now()
}

/**
 * A kubeconfig with a shared connection pool. The library creates an agent per request, which needs a TLS handshake each
 * time. Credentials are read again every 60 s, because tokens and certificates rotate.
 */
export class Connections extends KubeConfig {
  #connection: ServerConnection | undefined;
  #pendingRead: Promise<ServerConnection> | undefined;

  /** Returns the connection for the next request. Rejects if the kubeconfig has no valid cluster. */
  async getConnection(): Promise<ServerConnection> {
    if (this.#connection && performance.now() - this.#connection.readAt <= CREDENTIALS_TTL_MS) return this.#connection;
    return await this.#readShared();
  }

  /** Always creates a separate pool, because the shared agent of the process cannot be destroyed. */
  override createDispatcherOptions(cluster: Cluster | null, options: AgentOptions) {
    return super.createDispatcherOptions(cluster, { rejectUnauthorized: true, ...options });
  }

  /**
   * Stops new requests on connections of `dispatcher`, because a half-open connection never responds. Pending requests
   * continue, because their connections may work.
   */
  abandon(dispatcher: Dispatcher): void {
    if (this.#connection?.dispatcher === dispatcher) this.invalidate();
  }

  /** Makes the next request read the credentials again. */
  invalidate(): void {
    retire(this.#connection);
    this.#connection = undefined;
  }

  /** Concurrent callers share one read. */
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
    if (!dispatcher) throw new Error("kubeconfig has no connection options"); // impossible: createDispatcherOptions sets them
    retire(this.#connection);
    this.#connection = { server, headers: context.getHeaders(), dispatcher, readAt: performance.now() };
    return this.#connection;
  }
}

function parseServerUrl(cluster: Cluster | null): URL {
  if (!cluster) throw new Error("kubeconfig has no current cluster");
  if (!URL.canParse(cluster.server)) throw new Error(`kubeconfig server is not a URL: "${cluster.server}"`);
  return new URL(cluster.server);
}

function retire(connection: ServerConnection | undefined): void {
  const { dispatcher } = connection ?? {};
  if (dispatcher) setTimeout(() => void dispatcher.destroy(), RETIRE_DELAY_MS).unref();
}
