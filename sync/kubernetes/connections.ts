import { KubeConfig, type RequestContext } from "@kubernetes/client-node";
import { UsageError } from "../usage-error.ts";
import { type Api, apiOf } from "./api.ts";

const KEPT_MS = 60_000; // as client-go does with token files

type Dispatcher = NonNullable<ReturnType<RequestContext["getDispatcher"]>>;

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
    const { headers, dispatcher } = await this.#present(context);
    for (const [name, value] of Object.entries(headers)) context.setHeaderParam(name, value);
    if (dispatcher) context.setDispatcher(dispatcher);
  }

  /** Requests that come while credentials are read wait for the same, so that none is left with connections just closed. */
  #present(context: RequestContext): Promise<Access> | Access {
    if (this.#access && performance.now() - this.#access.readAt <= KEPT_MS) return this.#access;
    this.#reading ??= this.#read(context).finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #read(context: RequestContext): Promise<Access> {
    const readAt = performance.now();
    await super.applySecurityAuthentication(context);
    const before = this.#access;
    const access = { headers: { ...context.getHeaders() }, dispatcher: context.getDispatcher(), readAt };
    this.#access = access;
    void before?.dispatcher?.close(); // once what is under way on it has ended
    return access;
  }

  /** Gives up all connections, watches included: one that is half open would swallow whatever is sent on it. */
  giveUp(): void {
    void this.#access?.dispatcher?.destroy();
    this.#access = undefined;
  }
}

/**
 * The API server of the kubeconfig (KUBECONFIG, or the usual place), or of the cluster that this runs in. The namespace is
 * the one given, else POD_NAMESPACE, else the kubeconfig's. Throws a UsageError where there is no cluster to speak to.
 */
export function clusterApi(namespace: string | undefined): { api: Api; connections: Connections; namespace: string } {
  const connections = new Connections();
  try {
    connections.loadFromDefault();
  } catch (error) {
    throw new UsageError(`the kubeconfig cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  const current = connections.getContextObject(connections.getCurrentContext());
  // The client falls back on localhost:8080, where nobody means to go.
  if (connections.getCurrentCluster()?.server === "http://localhost:8080") {
    throw new UsageError("there is no cluster to speak to: set KUBECONFIG, or run in a Pod with a ServiceAccount");
  }
  const own = namespace ?? process.env.POD_NAMESPACE ?? current?.namespace ?? "default";
  return { api: apiOf(connections), connections, namespace: own };
}
