import type { HostRules } from "../../src/rules/snapshot.ts";
import type { Cluster, Ingress, Reference } from "../collect/cluster-model.ts";
import type { Account } from "../publish/account.ts";
import { createCertificateCheck } from "../publish/certificates/check-certificates.ts";
import { listHttpsHosts } from "../publish/certificates/https-hosts.ts";
import type { CertificateUsers } from "../publish/certificates/secret-uses.ts";
import { readWantedCertificates } from "../publish/certificates/wanted-certificates.ts";
import type { OriginRecordSync } from "../publish/dns/sync-records.ts";
import type { HostSettings, HostSyncResult } from "../publish/hosts/model.ts";
import { createRegistryStore } from "../publish/hosts/registry-store.ts";
import { createHostSync } from "../publish/hosts/sync-hosts.ts";
import { buildHostComment } from "../publish/hosts/zone-view.ts";

/** Options of commands that manage the DNS records and routes of hosts. */
export interface HostOptions {
  /** Whether each published host gets a DNS record and a Workers route. */
  readonly manageHosts?: boolean;
  /** Name of the controller in the comments of its records. */
  readonly name?: string;
  readonly workerScript?: string;
  readonly hostGrace?: number; // seconds
  readonly hostDrift?: "repair" | "report";
  readonly hostWildcards?: number | undefined;
  readonly ignoreExternalDns?: boolean;
  /** Whether the certificates of `spec.tls` and of listeners are uploaded. */
  readonly uploadCertificates?: boolean;
}

export const DEFAULT_CONTROLLER_NAME = "edgress";
export const DEFAULT_WORKER_SCRIPT = "edgress";
export const DEFAULT_HOST_GRACE_S = 3600;

/** The rules and Ingresses whose hosts are managed. */
export interface HostInput {
  readonly cluster: Pick<Cluster, "secrets">;
  readonly compilation: CertificateUsers & {
    readonly rules: { readonly hosts: readonly HostRules[] };
  };
}

/** The records, routes and certificates of hosts. */
export interface ManagedHosts {
  /**
   * Syncs the hosts that are published or compiled, after the publication: a host is not announced before it has its record
   * and route, and loses both only after its rules are gone.
   */
  sync(input: HostInput, publishedHosts: readonly HostRules[], checkFence: () => void): Promise<HostSyncResult>;
  /** Returns what `sync` would do after a publication of `hosts`, and writes nothing. */
  plan(input: HostInput, hosts: readonly HostRules[]): Promise<HostSyncResult>;
  /** Forgets the registry, because another replica may have changed it. */
  forget(): void;
  /** Returns the Secrets of `spec.tls` whose certificates are uploaded, so that they are read. Those of listeners always are. */
  listReferences(compilation: HostInput["compilation"]): readonly Reference[];
}

/** Creates the managed hosts, or nothing without `--manage-hosts`. */
export function createManagedHosts(
  account: Account,
  options: HostOptions,
  { listZones }: Pick<OriginRecordSync, "listZones">,
  now: () => Date,
  maxNewRoutes?: number,
): ManagedHosts | undefined {
  if (!options.manageHosts) return undefined;
  const { kv, dns, hostRecords, routes, certificates, signer, verifier } = account;
  const settings = buildSettings(options, kv.namespaceId, maxNewRoutes);
  const store = createRegistryStore(kv, signer, verifier);
  const clients = { records: hostRecords, routes, dns, certificates };
  const hostSync = createHostSync({ clients, listZones, store, settings, now });
  const certificateCheck = createCertificateCheck(certificates, listZones, now);
  const withCertificates = async (result: HostSyncResult, { compilation }: HostInput, hosts: readonly HostRules[]) => {
    const { issues, warnings } = await certificateCheck.check(listHttpsHosts(compilation, hosts));
    return { ...result, issues: [...result.issues, ...issues], warnings: [...result.warnings, ...warnings] };
  };
  const forgetRepeated = createRepetitionFilter();
  return {
    async sync(input, publishedHosts, checkFence) {
      const wanted = options.uploadCertificates ? readCertificates(input, publishedHosts, now()) : undefined;
      const hosts = [...input.compilation.rules.hosts, ...publishedHosts];
      const result = await hostSync.sync(hosts, checkFence, wanted);
      const checked = await withCertificates(result, input, publishedHosts);
      const issues = [...checked.issues, ...(wanted?.issues ?? [])];
      return { ...checked, issues, warnings: forgetRepeated(checked.warnings) };
    },
    plan: async (input, hosts) => withCertificates(await hostSync.plan(hosts), input, hosts),
    forget: hostSync.forget,
    listReferences: ({ ingresses }) => (options.uploadCertificates ? listTlsSecrets(ingresses) : []),
  };
}

function readCertificates({ cluster, compilation }: HostInput, publishedHosts: readonly HostRules[], now: Date) {
  return readWantedCertificates(compilation, cluster.secrets, publishedHosts, now);
}

function listTlsSecrets(ingresses: ReadonlyMap<string, Ingress>): Reference[] {
  return [...ingresses.values()].flatMap(({ namespace, tls }) =>
    tls.flatMap(({ secretName: name }) => (name === undefined ? [] : [{ kind: "Secret" as const, namespace, name }])),
  );
}

function buildSettings(options: HostOptions, kvNamespaceId: string, maxNewRoutes: number | undefined): HostSettings {
  return {
    script: options.workerScript ?? DEFAULT_WORKER_SCRIPT,
    comment: buildHostComment(options.name ?? DEFAULT_CONTROLLER_NAME, kvNamespaceId),
    graceMs: (options.hostGrace ?? DEFAULT_HOST_GRACE_S) * 1000,
    drift: options.hostDrift ?? "repair",
    respectsExternalDns: !options.ignoreExternalDns,
    minWildcardHosts: options.hostWildcards,
    maxNewRoutes,
  };
}

/** Returns a function that removes the warnings of its last call, so that a lasting problem is logged once. */
function createRepetitionFilter(): (warnings: readonly string[]) => readonly string[] {
  let lastWarnings: readonly string[] = [];
  return (warnings) => {
    const newWarnings = warnings.filter((warning) => !lastWarnings.includes(warning));
    lastWarnings = warnings;
    return newWarnings;
  };
}
