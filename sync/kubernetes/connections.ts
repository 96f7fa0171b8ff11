import { type Cluster, HttpMethod, KubeConfig, RequestContext } from "@kubernetes/client-node";

const KEPT_MS = 60_000; // as client-go does with token files
/** By then all that was under way is over: a watch lasts half a minute, a request less. */
const RETIRED_MS = 60_000;

type Dispatcher = NonNullable<ReturnType<RequestContext["getDispatcher"]>>;
type AgentOptions = Parameters<KubeConfig["createDispatcherOptions"]>[1];

/** What a request needs to reach the API server as who we are. */
interface Access {
  readonly headers: Readonly<Record<string, string>>;
  readonly dispatcher: Dispatcher | undefined;
  readonly readAt: number;
}

/**
 * The kubeconfig, or the Pod's own, with connections that are shared: the client's own way is a new agent, and so a new
 * TLS handshake, for every request. Credentials are read anew every minute, since tokens and certificates rotate.
 */
export class Connections extends KubeConfig {
  #access: Access | undefined;
  #reading: Promise<Access> | undefined;

  override async applySecurityAuthentication(context: RequestContext): Promise<void> {
    const stale = !this.#access || performance.now() - this.#access.readAt > KEPT_MS;
    const { headers, dispatcher } = stale || !this.#access ? await this.#read(context.getUrl()) : this.#access;
    for (const [name, value] of Object.entries(headers)) context.setHeaderParam(name, value);
    if (dispatcher) context.setDispatcher(dispatcher);
  }

  /** Always of our own: a connection of the process's shared agent could not be given up. */
  override createDispatcherOptions(cluster: Cluster | null, options: AgentOptions) {
    return super.createDispatcherOptions(cluster, { rejectUnauthorized: true, ...options });
  }

  /**
   * No request is sent on connections of `dispatcher` from now on: one that is half open would swallow it. What is under
   * way on them goes on, for they may be well.
   */
  giveUp(dispatcher: Dispatcher | undefined): void {
    if (this.#access?.dispatcher === dispatcher) this.renew();
  }

  /** Reads the credentials anew before the next request. */
  renew(): void {
    retire(this.#access);
    this.#access = undefined;
  }

  /** All who ask meanwhile get the same. */
  #read(url: string): Promise<Access> {
    this.#reading ??= this.#readNow(url).finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readNow(url: string): Promise<Access> {
    const context = new RequestContext(url, HttpMethod.GET);
    await super.applySecurityAuthentication(context);
    retire(this.#access);
    this.#access = { headers: context.getHeaders(), dispatcher: context.getDispatcher(), readAt: performance.now() };
    return this.#access;
  }
}

function retire(access: Access | undefined): void {
  const { dispatcher } = access ?? {};
  if (dispatcher) setTimeout(() => void dispatcher.destroy(), RETIRED_MS).unref();
}
