import Cloudflare from "cloudflare";

/** A binding of a deployed Worker. Values of secrets are not readable. */
export interface WorkerBinding {
  readonly type: string;
  readonly name: string;
  /** The text of a variable, the id of a KV namespace, the class of a Durable Object, or the dataset. */
  readonly value: string | undefined;
}

/** A Worker of the account, as deployed. */
export interface DeployedWorker {
  readonly bindings: readonly WorkerBinding[];
  readonly compatibilityDate: string | undefined;
}

/** Whether a Worker is reachable on workers.dev, which bypasses the zone. */
export interface WorkersDevExposure {
  readonly isEnabled: boolean;
  readonly hasPreviews: boolean;
}

export interface Scripts {
  /** Lists the names of all Workers. */
  list(): Promise<readonly string[]>;
  /** Resolves with undefined if the Worker does not exist. */
  read(script: string): Promise<DeployedWorker | undefined>;
  readExposure(script: string): Promise<WorkersDevExposure>;
  /** Resolves with the share of each version in the active deployment. */
  readShares(script: string): Promise<readonly number[]>;
  /** Lists the custom domains of a Worker. */
  listDomains(script: string): Promise<readonly string[]>;
  /** Deletes a Worker with its secrets and Durable Objects. Succeeds if it does not exist. */
  remove(script: string): Promise<void>;
}

interface DeploymentList {
  readonly deployments: readonly { readonly versions: readonly { readonly percentage: number }[] }[]; // active first
}

/** Creates a client of Workers through the REST API. */
export function createScripts(client: Cloudflare, accountId: string): Scripts {
  const account = { account_id: accountId };
  return {
    async list() {
      const names: string[] = [];
      for await (const { id } of client.workers.scripts.list(account)) if (id !== undefined) names.push(id);
      return names;
    },
    read: (script) =>
      ignoreNotFound(async () => {
        const settings = await client.workers.scripts.scriptAndVersionSettings.get(script, account);
        const bindings = (settings.bindings ?? []).map((binding) => describeBinding({ ...binding }));
        return { bindings, compatibilityDate: settings.compatibility_date };
      }),
    async readExposure(script) {
      const { enabled, previews_enabled } = await client.workers.scripts.subdomain.get(script, account);
      return { isEnabled: enabled, hasPreviews: previews_enabled };
    },
    async readShares(script) {
      // The type of the package for this list is wrong.
      const path = `/accounts/${accountId}/workers/scripts/${encodeURIComponent(script)}/deployments`;
      const { result } = (await client.get(path)) as { readonly result: DeploymentList };
      return result.deployments[0]?.versions.map(({ percentage }) => percentage) ?? [];
    },
    async listDomains(script) {
      const { result } = await client.workers.domains.list({ ...account, service: script }); // one response
      return result.map(({ hostname }) => hostname);
    },
    async remove(script) {
      await ignoreNotFound(() => client.workers.scripts.delete(script, { ...account, force: true }));
    },
  };
}

/** The field with the value of a binding, by its type. */
const VALUE_FIELDS: Readonly<Record<string, string>> = {
  plain_text: "text",
  kv_namespace: "namespace_id",
  durable_object_namespace: "class_name",
  analytics_engine: "dataset",
};

function describeBinding(binding: Readonly<Record<string, unknown>>): WorkerBinding {
  const type = String(binding.type);
  const value = binding[VALUE_FIELDS[type] ?? ""];
  return { type, name: String(binding.name), value: typeof value === "string" ? value : undefined };
}

async function ignoreNotFound<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof Cloudflare.NotFoundError) return undefined;
    throw error;
  }
}
