import type Cloudflare from "cloudflare";
import { createDns } from "../../cloudflare/dns.ts";
import { createHostRecords } from "../../cloudflare/host-records.ts";
import { createKv } from "../../cloudflare/kv.ts";
import { createNamespaces } from "../../cloudflare/namespaces.ts";
import { createRoutes } from "../../cloudflare/routes.ts";
import { createScripts } from "../../cloudflare/scripts.ts";
import type { StoredZoneRegistry } from "../../publish/hosts/registry.ts";
import { readHostRegistries } from "../../publish/hosts/registry-store.ts";
import { createVerifier } from "../../publish/sign-manifest.ts";
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
  const content = namespace && (await readNamespaceContent(client, accountId, namespace.id, variables));
  return {
    zones: await readZoneContents(client, accountId),
    registries: namespace ? await readRegistries(client, accountId, namespace.id, variables) : [],
    script,
    namespaceId,
    isOurWorker: await isOurWorker(client, accountId, script, variables),
    otherWorkers: await listOtherWorkers(client, accountId, script),
    namespace,
    isOurNamespace: content !== undefined && (content.isEmpty || content.owner.type !== "unknown"),
  };
}

async function readZoneContents(client: Cloudflare, accountId: string): Promise<ZoneContent[]> {
  const dns = createDns(client, accountId);
  const contents: ZoneContent[] = [];
  for (const zone of await dns.listZones()) {
    const content = await readApiAnswer(async () => ({
      zone,
      records: await createHostRecords(client).listAll(zone),
      routes: await createRoutes(client).list(zone),
      originRecords: await dns.listRecords(zone),
    }));
    if (content.ok) contents.push(content.value); // else the token may not read it, so nothing of it is removed
  }
  return contents;
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

async function isOurWorker(
  client: Cloudflare,
  accountId: string,
  script: string,
  { EDGRESS_SIGNING_KEY = "" }: Variables,
): Promise<boolean | undefined> {
  const worker = await createScripts(client, accountId).read(script);
  if (!worker) return undefined;
  const publicKey = readPublicKey(EDGRESS_SIGNING_KEY);
  const accepted = (readVariable(worker, "EDGRESS_VERIFYING_KEY") ?? "").split(",");
  return publicKey !== undefined && accepted.includes(publicKey);
}

/** Lists the other Workers of edgress. Undefined if the account has too many Workers to look at. */
async function listOtherWorkers(
  client: Cloudflare,
  accountId: string,
  script: string,
): Promise<readonly string[] | undefined> {
  const scripts = createScripts(client, accountId);
  const others = (await scripts.list()).filter((name) => name !== script);
  if (others.length > MAX_WORKERS) return undefined;
  const found: string[] = [];
  for (const name of others) {
    const worker = await scripts.read(name);
    if (worker && readVariable(worker, "EDGRESS_VERIFYING_KEY") !== undefined) found.push(name);
  }
  return found;
}
