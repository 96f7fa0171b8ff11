import type { ApiCall, ApiReply, LocalApi } from "../api-types.ts";
import type { BindingTargets } from "./bindings.ts";
import { formatScript } from "./script-replies.ts";
import { createScriptStore, type ScriptListener, type ScriptStore } from "./script-store.ts";
import { deleteSecret, getSecrets, patchSecrets, putSecret } from "./secret-calls.ts";
import {
  getScriptSettings,
  getSettings,
  handleSchedules,
  patchScriptSettings,
  patchSettings,
} from "./settings-calls.ts";
import {
  type AccountSubdomain,
  findSubdomain,
  handleAccountSubdomain,
  handleScriptSubdomain,
} from "./subdomain-calls.ts";
import { postVersion, putScript } from "./upload-calls.ts";
import { deleteDeployment, getDeployments, getVersions, postDeployment } from "./version-calls.ts";
import { deleteScript, getReferences, handleService, handleWorker } from "./worker-calls.ts";
import type { ScriptCall, WorkersContext } from "./workers-context.ts";

export interface WorkersApiOptions extends BindingTargets {
  readonly accountId: string;
  /** Whether the account has the Workers Free plan. */
  readonly isFreePlan: () => boolean;
  readonly now?: () => Date;
  /** Called before each change of a script, for example to run it. */
  readonly onScriptChange?: ScriptListener;
}

export interface WorkersApi {
  readonly api: LocalApi;
  readonly scripts: ScriptStore;
}

/** Endpoints below `/workers/scripts/NAME`. */
const SCRIPT_CALLS: Readonly<Record<string, ScriptCall>> = {
  "PUT ": putScript,
  "DELETE ": deleteScript,
  "GET versions": getVersions,
  "POST versions": postVersion,
  "GET deployments": getDeployments,
  "POST deployments": postDeployment,
  "DELETE deployments": deleteDeployment,
  "GET secrets": getSecrets,
  "PUT secrets": putSecret,
  "DELETE secrets": deleteSecret,
  "PATCH secrets-bulk": patchSecrets,
  "GET settings": getSettings,
  "PATCH settings": patchSettings,
  "GET script-settings": getScriptSettings,
  "PATCH script-settings": patchScriptSettings,
  "GET schedules": handleSchedules,
  "PUT schedules": handleSchedules,
  "GET subdomain": handleScriptSubdomain,
  "POST subdomain": handleScriptSubdomain,
  "DELETE subdomain": handleScriptSubdomain,
  "GET references": getReferences,
};

/** Creates the endpoints of Workers scripts. Routes and custom domains are not among them. */
export function createWorkersApi({ accountId, now, onScriptChange, ...rest }: WorkersApiOptions): WorkersApi {
  const store = createScriptStore(onScriptChange);
  const context: WorkersContext = { store, now: now ?? (() => new Date()), ...rest };
  const subdomain: AccountSubdomain = {};
  const api: LocalApi = (call) => {
    const [accounts, account, workers, collection, name, ...path] = call.path;
    if (workers === "containers" && collection === "applications") return { result: [] }; // asked by `wrangler delete`
    if (accounts !== "accounts" || account !== accountId || workers !== "workers") return undefined;
    if (name === undefined) return handleCollection(call, collection, subdomain, store);
    switch (collection) {
      case "scripts":
        return SCRIPT_CALLS[`${call.method} ${path[0] ?? ""}`]?.(call, name, path.slice(1), context);
      case "services":
        return handleService(call, name, path, context);
      case "workers":
        return handleWorker(call, name, path, context);
      case "subdomains":
        return findSubdomain(name, subdomain);
      case "tails":
        return { result: [] }; // no Worker of the local account has a tail
      case "durable_objects":
        return listDurableObjects(store);
      default:
        return undefined;
    }
  };
  return { api, scripts: store };
}

function handleCollection(
  call: ApiCall,
  collection: string | undefined,
  subdomain: AccountSubdomain,
  store: ScriptStore,
): ApiReply | undefined {
  if (collection === "subdomain") return handleAccountSubdomain(call, subdomain);
  return collection === "scripts" && call.method === "GET" ? { result: store.list().map(formatScript) } : undefined;
}

function listDurableObjects(store: ScriptStore): ApiReply {
  const namespaces = store.list().flatMap(({ name: script, durableObjectClasses }) =>
    durableObjectClasses.map(({ id, name, usesSqlite }) => ({
      id,
      name: `${script}_${name}`,
      script,
      class: name,
      use_sqlite: usesSqlite,
    })),
  );
  const count = namespaces.length;
  return { result: namespaces, resultInfo: { page: 1, per_page: 1000, count, total_count: count, total_pages: 1 } };
}
