import Cloudflare from "cloudflare";

export interface KvNamespace {
  readonly id: string;
  readonly title: string;
}

/** The KV namespaces of an account. */
export interface Namespaces {
  list(): Promise<readonly KvNamespace[]>;
  /** Looks for the namespace if the response is lost. Rejects if somebody else has created the title in the meantime. */
  create(title: string): Promise<KvNamespace>;
  /** Deletes a namespace with all its keys. Succeeds if it does not exist. */
  remove(id: string): Promise<void>;
}

const PAGE_SIZE = 100;

/** Creates a client of KV namespaces through the REST API. */
export function createNamespaces(client: Cloudflare, accountId: string): Namespaces {
  const account = { account_id: accountId };
  const list = async () => {
    const namespaces: KvNamespace[] = [];
    for await (const { id, title } of client.kv.namespaces.list({ ...account, per_page: PAGE_SIZE }))
      namespaces.push({ id, title });
    return namespaces;
  };
  return {
    list,
    async create(title) {
      try {
        const { id } = await client.kv.namespaces.create({ ...account, title });
        return { id, title };
      } catch (error) {
        const existing = isResponseLost(error)
          ? (await list()).find((namespace) => namespace.title === title)
          : undefined;
        if (existing) return existing;
        throw error;
      }
    },
    async remove(id) {
      await client.kv.namespaces.delete(id, account).catch((error: unknown) => {
        if (!(error instanceof Cloudflare.NotFoundError)) throw error;
      });
    },
  };
}

/** Whether a failed creation may have created the namespace. */
function isResponseLost(error: unknown): boolean {
  return error instanceof Cloudflare.APIError && (error.status === undefined || error.status >= 500);
}
