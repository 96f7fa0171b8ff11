import { withCallRules } from "../../cloudflare/call-rules.ts";
import type { Certificates } from "../../cloudflare/certificates.ts";
import { ChangeRejectedError } from "../../cloudflare/rejections.ts";
import type { ZoneDetails } from "../../cloudflare/zones.ts";
import type { HostIssue, HostObjectChange } from "../hosts/model.ts";
import type { RegisteredCertificate } from "../hosts/registry.ts";
import { planUploads, type UploadPlan } from "./plan-uploads.ts";
import { buildUploadIssue, type WantedCertificates } from "./wanted-certificates.ts";

/** The registry of a zone's certificates, and its writer. */
export interface CertificateRegistry {
  readonly certificates: readonly RegisteredCertificate[];
  readonly save: (certificates: readonly RegisteredCertificate[]) => Promise<void>;
}

export interface UploadResult {
  readonly changes: readonly HostObjectChange[];
  readonly issues: readonly HostIssue[];
}

/** Uploads, replaces and removes the certificates of one zone. Rejects if the API fails; a rejected one is an issue. */
export async function uploadCertificates(
  client: Certificates,
  zone: ZoneDetails,
  wanted: Pick<WantedCertificates, "certificates" | "keptSecrets">,
  registry: CertificateRegistry,
  graceMs: number,
  now: Date,
  checkFence: () => void,
): Promise<UploadResult> {
  if (zone.plan !== "business" && zone.plan !== "enterprise") {
    const problem = `the plan ${zone.plan ?? "of unknown name"} of zone ${zone.name} has no uploaded certificates`;
    return {
      changes: [],
      issues: wanted.certificates.map(({ hosts, ingresses }) => buildUploadIssue(hosts[0] ?? "", problem, ingresses)),
    };
  }
  const plan = planUploads(registry.certificates, await client.listUploaded(zone), wanted, graceMs, now);
  await registry.save(plan.registry);
  const write: Write = (change) => {
    checkFence();
    return withCallRules({ checkFence }, change);
  };
  const { ids, issues } = await sendCertificates(client, zone, plan, write);
  for (const { id } of plan.removals) if (id !== null) await write(() => client.remove(zone, id));
  await registry.save(settle(plan, ids));
  return { changes: listUploadChanges(zone.name, plan, ids), issues };
}

type Write = <T>(change: () => Promise<T>) => Promise<T>;
type NewIds = ReadonlyMap<string, Pick<RegisteredCertificate, "id" | "digest" | "hosts">>; // by Secret

/** Uploads new certificates and replaces changed ones. A rejected one costs only its hosts. */
async function sendCertificates(
  client: Certificates,
  zone: ZoneDetails,
  { uploads, replacements }: UploadPlan,
  write: Write,
): Promise<{ readonly ids: NewIds; readonly issues: readonly HostIssue[] }> {
  const issues: HostIssue[] = [];
  const ids = new Map<string, Pick<RegisteredCertificate, "id" | "digest" | "hosts">>();
  for (const { wanted, id } of [...uploads.map((wanted) => ({ wanted, id: undefined })), ...replacements]) {
    const { secret, digest, pair } = wanted;
    const send = () => (id === undefined ? client.upload(zone, pair) : client.replace(zone, id, pair));
    try {
      ids.set(secret, { id: (await write(send)).id, digest, hosts: [...wanted.hosts] });
    } catch (error) {
      if (!(error instanceof ChangeRejectedError)) throw error;
      issues.push(buildUploadIssue(wanted.hosts[0] ?? "", `Secret ${secret}: ${error.message}`, wanted.ingresses));
    }
  }
  return { ids, issues };
}

/** Returns the registry after the changes: with new ids, and without rejected uploads and removals. */
function settle({ registry, removals }: UploadPlan, ids: NewIds): RegisteredCertificate[] {
  const removedIds = new Set(removals.map(({ id }) => id));
  return registry
    .map((entry) => ({ ...entry, ...ids.get(entry.secret) }))
    .filter(({ id }) => id !== null && !removedIds.has(id));
}

function listUploadChanges(zone: string, plan: UploadPlan, ids: ReadonlyMap<string, object>): HostObjectChange[] {
  const build = (action: HostObjectChange["action"], secret: string, hosts: readonly string[]): HostObjectChange => ({
    ...{ action, kind: "certificate", zone, hosts },
    name: `${hosts.join(", ")} from Secret ${secret}`,
  });
  const uploads = plan.uploads.filter(({ secret }) => ids.has(secret));
  const replacements = plan.replacements.filter(({ wanted }) => ids.has(wanted.secret));
  return [
    ...uploads.map(({ secret, hosts }) => build("add", secret, hosts)),
    ...replacements.map(({ wanted: { secret, hosts } }) => build("replace", secret, hosts)),
    ...plan.removals.map(({ secret, hosts }) => build("remove", secret, hosts)),
  ];
}
