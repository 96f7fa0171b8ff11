import { randomBytes } from "node:crypto";
import { type ErrorReply, isErrorReply } from "../api-types.ts";
import type { LocalRecord } from "../dns/record-model.ts";
import { canonicalizeHostname } from "../dns/record-names.ts";
import type { RecordStore } from "../dns/record-store.ts";
import { isInZone, type LocalZone, type ZoneStore } from "../zones/zone-store.ts";

/** A custom domain: a host whose requests a Worker answers. */
export interface CustomDomain {
  readonly id: string;
  readonly hostname: string;
  readonly service: string;
  readonly zone: LocalZone;
}

export interface DomainRequest {
  readonly hostname?: unknown;
  readonly service?: unknown;
  readonly zone_id?: string;
  readonly zone_name?: string;
  readonly override_existing_origin?: boolean;
  readonly override_existing_dns_record?: boolean;
}

/** The custom domains of the account, in memory. */
export interface DomainStore {
  list(): readonly CustomDomain[];
  find(hostname: string): CustomDomain | undefined;
  save(request: DomainRequest): CustomDomain | ErrorReply;
  remove(id: string): CustomDomain | undefined;
}

export interface DomainContext {
  readonly zoneStore: ZoneStore;
  readonly records: RecordStore;
  /** Whether the account has a script. */
  readonly hasScript: (name: string) => boolean;
}

const MAX_ZONE_DOMAINS = 100;

/** Creates the store. A custom domain has a proxied record that no call may change. */
export function createDomainStore(context: DomainContext): DomainStore {
  let domains: readonly CustomDomain[] = [];
  const find = (hostname: string) => domains.find((domain) => domain.hostname === hostname);
  const removeRecord = ({ zone, hostname }: CustomDomain) =>
    context.records.replace(
      zone.name,
      context.records.list(zone.name).filter(({ name, readOnly }) => !(readOnly && name === hostname)),
    );
  return {
    list: () => domains,
    find,
    save(request) {
      const domain = readDomain(request, context);
      if (isErrorReply(domain)) return domain;
      const existing = find(domain.hostname);
      const conflict = findDomainConflict(domain, existing, request, domains, context);
      if (conflict) return conflict;
      if (existing) removeRecord(existing);
      const otherRecords = context.records.list(domain.zone.name).filter(({ name }) => name !== domain.hostname);
      const ownTexts = context.records
        .list(domain.zone.name)
        .filter(({ name, type }) => name === domain.hostname && !isAddress(type));
      context.records.replace(domain.zone.name, [...otherRecords, ...ownTexts, buildDomainRecord(domain.hostname)]);
      domains = [...domains.filter((other) => other !== existing), { ...domain, id: existing?.id ?? domain.id }];
      return find(domain.hostname) ?? domain;
    },
    remove(id) {
      const domain = domains.find((candidate) => candidate.id === id);
      if (domain) removeRecord(domain);
      domains = domains.filter((candidate) => candidate !== domain);
      return domain;
    },
  };
}

function readDomain(request: DomainRequest, { zoneStore, hasScript }: DomainContext): CustomDomain | ErrorReply {
  const { hostname: hostText, service, zone_id, zone_name } = request;
  const hostname = typeof hostText === "string" ? canonicalizeHostname(hostText) : undefined;
  const zone = zoneStore
    .list()
    .filter(({ id, name }) => id === (zone_id ?? id) && name === (zone_name ?? name) && isInZone(hostname ?? "", name))
    .sort((a, b) => b.name.length - a.name.length)[0];
  // The real code is not known.
  if (hostname === undefined || hostname.startsWith("*") || !zone)
    return { status: 400, code: 100112, message: "Invalid hostname: it must be a name without a wildcard in the zone" };
  if (typeof service !== "string" || !hasScript(service))
    return { status: 404, code: 10007, message: "This Worker does not exist on your account." };
  return { id: randomBytes(16).toString("hex"), hostname, service, zone };
}

function findDomainConflict(
  { hostname, service, zone }: CustomDomain,
  existing: CustomDomain | undefined,
  request: DomainRequest,
  domains: readonly CustomDomain[],
  { records }: DomainContext,
): ErrorReply | undefined {
  if (existing && existing.service !== service && !request.override_existing_origin)
    return { status: 409, code: 100116, message: `Hostname '${hostname}' already has a custom domain of a Worker.` };
  const hasRecord = records
    .list(zone.name)
    .some(({ name, type, readOnly }) => name === hostname && isAddress(type) && !readOnly);
  // The override is for the record of another Worker only.
  if (hasRecord)
    return { status: 409, code: 100117, message: `Hostname '${hostname}' already has externally managed DNS records.` };
  // The real code is not known.
  if (!existing && domains.filter((domain) => domain.zone.id === zone.id).length >= MAX_ZONE_DOMAINS)
    return { status: 400, code: 100118, message: `The zone has ${MAX_ZONE_DOMAINS} custom domains already.` };
  return undefined;
}

function isAddress(type: string): boolean {
  return ["A", "AAAA", "CNAME"].includes(type);
}

function buildDomainRecord(name: string): LocalRecord {
  const id = randomBytes(16).toString("hex");
  return { id, type: "AAAA", name, content: "100::", proxied: true, ttl: 1, tags: [], readOnly: true };
}
