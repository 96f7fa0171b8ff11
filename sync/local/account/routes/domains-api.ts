import { type ApiCall, type ApiReply, isErrorReply } from "../api-types.ts";
import type { CustomDomain, DomainRequest, DomainStore } from "./domain-store.ts";

/** Responds to a call at `/accounts/ID/workers/domains`. */
export function handleDomainCall(call: ApiCall, domains: DomainStore): ApiReply | undefined {
  const [id, ...rest] = call.path.slice(4);
  if (rest.length > 0) return undefined;
  switch (`${call.method} ${id === undefined ? "" : "ID"}`) {
    case "GET ":
      return { result: filterDomains(domains.list(), call.query).map(formatDomain) };
    case "PUT ": {
      const saved = domains.save(JSON.parse(call.body.toString()) as DomainRequest);
      return isErrorReply(saved) ? saved : { result: formatDomain(saved) };
    }
    case "GET ID":
      return reply(domains.list().find((domain) => domain.id === id));
    case "DELETE ID":
      return reply(domains.remove(id ?? ""));
    default:
      return undefined;
  }
}

function filterDomains(domains: readonly CustomDomain[], query: URLSearchParams): readonly CustomDomain[] {
  const fields: Readonly<Record<string, (domain: CustomDomain) => string>> = {
    hostname: ({ hostname }) => hostname,
    service: ({ service }) => service,
    zone_id: ({ zone }) => zone.id,
    zone_name: ({ zone }) => zone.name,
  };
  const filters = Object.entries(fields).filter(([parameter]) => query.has(parameter));
  return domains.filter((domain) => filters.every(([parameter, read]) => read(domain) === query.get(parameter)));
}

function reply(domain: CustomDomain | undefined): ApiReply {
  return domain ? { result: formatDomain(domain) } : { status: 404, code: 100114, message: "Domain not found." };
}

function formatDomain({ id, hostname, service, zone }: CustomDomain): object {
  return { id, hostname, service, environment: "production", cert_id: id, zone_id: zone.id, zone_name: zone.name };
}
