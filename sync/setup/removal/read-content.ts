import type Cloudflare from "cloudflare";
import { createDns } from "../../cloudflare/dns.ts";
import { createHostRecords } from "../../cloudflare/host-records.ts";
import { createKv } from "../../cloudflare/kv.ts";
import { createNamespaces } from "../../cloudflare/namespaces.ts";
import { createRoutes } from "../../cloudflare/routes.ts";
import { createScripts, type DeployedWorker, type Scripts } from "../../cloudflare/scripts.ts";
import { HOST_REGISTRY_PREFIX, type StoredZoneRegistry } from "../../publish/hosts/registry.ts";
import { readHostRegistries } from "../../publish/hosts/registry-store.ts";
import { createVerifier } from "../../publish/sign-manifest.ts";
import { STATE_KEY } from "../../publish/state/state.ts";
import { readApiAnswer } from "../api-answer.ts";
import { readPublicKey } from "../checks/key-checks.ts";
import { readVariable } from "../checks/worker-checks.ts";
import type { Variables } from "../keys/variable-file.ts";
import { readNamespaceContent } from "../namespace-content.ts";
import type { SetupSettings } from "../settings.ts";
import type { AccountContent, ZoneContent } from "./removal-plan.ts";

/** Reading the settings of each Worker takes one call. */
const MAX_WORKERS = 50;

/** Reads the parts of the account that a removal needs. Rejects if a registry is unreadable, because it names our records. */
export async function readAccountContent(
  client: Cloudflare,
  settings: SetupSettings,
  variables: Variables,
): Promise<AccountContent> {
  const { accountId, script, namespaceId } = settings;
  const namespace = (await createNamespaces(client, accountId).list()).find(({ id }) => id === namespaceId);
  const scripts = createScripts(client, accountId);
  const worker = await scripts.read(script);
  return {
    ...(await readZoneContents(client, accountId, namespaceId)),
    registries: namespace ? await readRegistries(client, accountId, namespace.id, variables) : [],
    script,
    namespaceId,
    isOurWorker: worker && acceptsOurKey(worker, variables),
    customDomains: worker ? await scripts.listDomains(script) : [],
    ...(await listOtherWorkers(scripts, script, namespaceId)),
    namespace,
    namespaceProblem: namespace && (await findNamespaceProblem(client, settings, namespace.id, variables)),
  };
}

/** The keys of edgress. */
const OUR_KEYS =
  /^(current|state|collection|(state|shard|filter)\/[0-9a-f]+|generation\/\d+|registry\/hosts\/[0-9a-f]+)$/;

/** Returns why a KV namespace must stay. Undefined if edgress made it, and nothing else uses it. */
async function findNamespaceProblem(
  client: Cloudflare,
  { accountId, isNamespaceAdopted }: SetupSettings,
  namespaceId: string,
  variables: Variables,
): Promise<string | undefined> {
  if (isNamespaceAdopted) return "it existed before the set-up; delete it yourself if nothing needs it";
  const keys = await createKv(client, accountId, namespaceId).list("");
  const foreignKey = keys.find((key) => !OUR_KEYS.test(key));
  if (foreignKey !== undefined) return `it has keys of others, such as ${foreignKey}`;
  const { isEmpty, generation, owner } = await readNamespaceContent(client, accountId, namespaceId, variables);
  const hasOurState = keys.includes(STATE_KEY) && owner.type !== "unknown"; // the state is readable with our keys
  const hasOurRegistry = keys.some((key) => key.startsWith(HOST_REGISTRY_PREFIX)); // `readRegistries` verifies each
  const isOurs = isEmpty || generation !== undefined || hasOurState || hasOurRegistry;
  return isOurs ? undefined : "it has no rules with our signature";
}

async function readZoneContents(
  client: Cloudflare,
  accountId: string,
  namespaceId: string | undefined,
): Promise<Pick<AccountContent, "zones" | "unreadableZones">> {
  const dns = createDns(client, accountId, [], undefined, namespaceId);
  const zones: ZoneContent[] = [];
  const unreadableZones: string[] = [];
  for (const zone of await dns.listZones()) {
    const content = await readApiAnswer(async () => ({
      zone,
      records: await createHostRecords(client).listAll(zone),
      routes: await createRoutes(client).list(zone),
      originRecords: (await dns.listRecords(zone)).filter(({ isForeign }) => !isForeign),
    }));
    if (content.ok) zones.push(content.value);
    else unreadableZones.push(`${zone.name} are not readable (${content.problem})`); // so nothing of it is removed
  }
  return { zones, unreadableZones };
}

async function readRegistries(
  client: Cloudflare,
  accountId: string,
  namespaceId: string,
  { EDGRESS_SIGNING_KEY = "", EDGRESS_VERIFYING_KEY }: Variables,
): Promise<readonly StoredZoneRegistry[]> {
  const publicKeys = EDGRESS_VERIFYING_KEY?.split(",") ?? [readPublicKey(EDGRESS_SIGNING_KEY) ?? ""];
  return readHostRegistries(createKv(client, accountId, namespaceId), createVerifier(publicKeys));
}

function acceptsOurKey(worker: DeployedWorker, { EDGRESS_SIGNING_KEY = "" }: Variables): boolean {
  const publicKey = readPublicKey(EDGRESS_SIGNING_KEY);
  const accepted = (readVariable(worker, "EDGRESS_VERIFYING_KEY") ?? "").split(",");
  return publicKey !== undefined && accepted.includes(publicKey);
}

/** Lists the other Workers of edgress, and those with our KV namespace. Not if there are too many Workers to look at. */
async function listOtherWorkers(
  scripts: Scripts,
  script: string,
  namespaceId: string | undefined,
): Promise<Pick<AccountContent, "otherWorkers" | "namespaceUsers">> {
  const names = (await scripts.list()).filter((name) => name !== script);
  if (names.length > MAX_WORKERS) return { otherWorkers: undefined, namespaceUsers: [] };
  const otherWorkers: string[] = [];
  const namespaceUsers: string[] = [];
  for (const name of names) {
    const worker = await scripts.read(name);
    if (!worker) continue;
    if (readVariable(worker, "EDGRESS_VERIFYING_KEY") !== undefined) otherWorkers.push(name);
    if (worker.bindings.some(({ type, value }) => type === "kv_namespace" && value === namespaceId))
      namespaceUsers.push(name);
  }
  return { otherWorkers, namespaceUsers };
}
