import { randomBytes } from "node:crypto";
import Cloudflare from "cloudflare";

/** A permission of the API token, and what fails without it. */
export interface TokenPermission {
  /** As in the dashboard. */
  readonly name: string;
  /** What fails without it. */
  readonly effect: string;
  /** Whether the controller's token needs it too. */
  readonly isForController: boolean;
  /** Whether edgress can work without it. */
  readonly isOptional: boolean;
  readonly probe: (client: Cloudflare, target: ProbeTarget) => PromiseLike<unknown>;
}

export interface ProbeTarget {
  readonly accountId: string;
  /** An id of a zone that the token sees. Undefined for a permission of the account. */
  readonly zoneId: string;
}

/** The permissions of the account. Each probe reads, or changes an object that does not exist. */
export const ACCOUNT_PERMISSIONS: readonly TokenPermission[] = [
  {
    name: "Account · Workers KV Storage · Edit",
    effect: "no rules can be published",
    isForController: true,
    isOptional: false,
    probe: (client, { accountId }) => client.kv.namespaces.delete(createUnusedId(), { account_id: accountId }),
  },
  {
    name: "Account · Workers Scripts · Edit",
    effect: "the Worker cannot be deployed",
    isForController: false,
    isOptional: false,
    probe: (client, { accountId }) =>
      client.workers.scripts.secrets.delete("EDGRESS_PROBE", {
        account_id: accountId,
        script_name: `edgress-probe-${createUnusedId()}`,
      }),
  },
  {
    name: "Account · Account Analytics · Read",
    effect: "staged roll-outs cannot be judged",
    isForController: true,
    isOptional: true,
    probe: (client, { accountId }) =>
      client.post(`/accounts/${accountId}/analytics_engine/sql`, {
        body: "SHOW TABLES",
        headers: { "content-type": "text/plain" },
      }),
  },
];

/** The permissions of each zone. */
export const ZONE_PERMISSIONS: readonly TokenPermission[] = [
  {
    name: "Zone · DNS · Edit",
    effect: "origins and hosts get no DNS records",
    isForController: true,
    isOptional: false,
    probe: (client, { zoneId }) => client.dns.records.delete(createUnusedId(), { zone_id: zoneId }),
  },
  {
    name: "Zone · Workers Routes · Edit",
    effect: "hosts cannot be routed to the Worker",
    isForController: true,
    isOptional: false,
    probe: (client, { zoneId }) => client.workers.routes.delete(createUnusedId(), { zone_id: zoneId }),
  },
  {
    name: "Zone · Zone Settings · Read",
    effect: "the SSL mode cannot be checked",
    isForController: false,
    isOptional: true,
    probe: (client, { zoneId }) => client.zones.settings.get("ssl", { zone_id: zoneId }),
  },
  {
    name: "Zone · SSL and Certificates · Read",
    effect: "the certificates of hosts cannot be checked",
    isForController: true,
    isOptional: true,
    probe: (client, { zoneId }) => client.ssl.certificatePacks.list({ zone_id: zoneId, status: "all" }),
  },
];

/** The permission that lists zones. A token without it sees no zones. */
export const ZONE_READ = "Zone · Zone · Read";

/** Whether a token has a permission. `unknown`: the API did not answer the probe. */
export interface ProbedPermission {
  readonly permission: TokenPermission;
  readonly zone: string | undefined;
  readonly result: "allowed" | "denied" | "unknown";
  /** Why the result is unknown. */
  readonly problem?: string;
}

/** Probes a permission. The API checks the token before it looks for the object, so 404 means allowed. */
export async function probePermission(
  client: Cloudflare,
  permission: TokenPermission,
  accountId: string,
  zone?: { readonly id: string; readonly name: string },
): Promise<ProbedPermission> {
  const probed = { permission, zone: zone?.name };
  try {
    await permission.probe(client, { accountId, zoneId: zone?.id ?? "" });
    return { ...probed, result: "allowed" };
  } catch (error) {
    const status = error instanceof Cloudflare.APIError ? error.status : undefined;
    if (status === 401 || status === 403) return { ...probed, result: "denied" };
    if (status !== undefined && status < 500 && status !== 429) return { ...probed, result: "allowed" };
    return { ...probed, result: "unknown", problem: error instanceof Error ? error.message : String(error) };
  }
}

function createUnusedId(): string {
  return randomBytes(16).toString("hex");
}
