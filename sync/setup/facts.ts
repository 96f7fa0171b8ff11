import type Cloudflare from "cloudflare";
import type { KvNamespace } from "../cloudflare/namespaces.ts";
import { createNamespaces } from "../cloudflare/namespaces.ts";
import { createScripts, type DeployedWorker, type WorkersDevExposure } from "../cloudflare/scripts.ts";
import { createTokens, type VerifiedToken } from "../cloudflare/tokens.ts";
import { type ApiAnswer, readApiAnswer } from "./api-answer.ts";
import { ACCOUNT_PERMISSIONS, type ProbedPermission, probePermission, ZONE_PERMISSIONS } from "./permissions.ts";
import { readZones, type ZoneFacts } from "./zone-facts.ts";

/** What a token shows of its account. Nothing in it is secret. */
export interface AccountFacts {
  readonly token: ApiAnswer<VerifiedToken | undefined>;
  readonly permissions: readonly ProbedPermission[];
  /** The zones that were looked at. */
  readonly zones: ApiAnswer<readonly ZoneFacts[]>;
  /** Number of active zones that the token sees. */
  readonly zoneCount: number;
  /** Whether the account answers proxied names with the addresses of their records. Takes down every route. */
  readonly enforcesDnsOnly: ApiAnswer<boolean>;
  /** Names of the Access applications that put a login before every Worker. */
  readonly loginsOnAllWorkers: ApiAnswer<readonly string[]>;
  readonly namespaces: ApiAnswer<readonly KvNamespace[]>;
  readonly worker: ApiAnswer<WorkerFacts | undefined>;
}

/** The deployed Worker. */
export interface WorkerFacts extends DeployedWorker {
  readonly exposure: ApiAnswer<WorkersDevExposure>;
  /** Shares of the active versions. More than one during a gradual deployment. */
  readonly shares: ApiAnswer<readonly number[]>;
}

export interface FactsRequest {
  readonly accountId: string;
  readonly script: string;
  /** Names of the zones to look at. Empty for all that the token sees, up to a limit. */
  readonly zones: readonly string[];
}

/** Reads the account. It rejects only without a connection. What the token may not read is an answer with the problem. */
export async function readAccountFacts(client: Cloudflare, request: FactsRequest): Promise<AccountFacts> {
  const { accountId, script } = request;
  const token = await readApiAnswer(() => createTokens(client, accountId).verify());
  const { zones, zoneCount } = await readZones(client, request);
  const permissions: ProbedPermission[] = [];
  for (const permission of ACCOUNT_PERMISSIONS) permissions.push(await probePermission(client, permission, accountId));
  for (const zone of zones.ok ? zones.value : [])
    for (const permission of ZONE_PERMISSIONS)
      permissions.push(await probePermission(client, permission, accountId, zone));
  return {
    token,
    permissions,
    zones,
    zoneCount,
    enforcesDnsOnly: await readApiAnswer(() => readDnsOnly(client, accountId)),
    loginsOnAllWorkers: await readApiAnswer(() => listLoginsOnAllWorkers(client, accountId)),
    namespaces: await readApiAnswer(() => createNamespaces(client, accountId).list()),
    worker: await readApiAnswer(() => readWorker(client, accountId, script)),
  };
}

async function readDnsOnly(client: Cloudflare, accountId: string): Promise<boolean> {
  const settings = await client.dns.settings.account.get({ account_id: accountId });
  return settings.enforce_dns_only === true;
}

async function listLoginsOnAllWorkers(client: Cloudflare, accountId: string): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const application of client.zeroTrust.access.applications.list({ account_id: accountId })) {
    const destinations = "destinations" in application ? (application.destinations ?? []) : [];
    if (destinations.some(({ type }) => type === "all_workers")) names.push(application.name ?? "unnamed");
  }
  return names;
}

/** Reads a deployed Worker. Undefined if it does not exist. */
export async function readWorker(
  client: Cloudflare,
  accountId: string,
  script: string,
): Promise<WorkerFacts | undefined> {
  const scripts = createScripts(client, accountId);
  const deployed = await scripts.read(script);
  if (!deployed) return undefined;
  return {
    ...deployed,
    exposure: await readApiAnswer(() => scripts.readExposure(script)),
    shares: await readApiAnswer(() => scripts.readShares(script)),
  };
}
