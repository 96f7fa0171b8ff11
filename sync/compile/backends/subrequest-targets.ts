import ipaddr from "ipaddr.js";
import { compareText } from "../../../src/rules/compare-text.ts";
import { CATCH_ALL_HOST, findZone, listHostCandidates, parseHost, ROOT_ZONE } from "../../../src/rules/hosts.ts";
import { parseTemplate } from "../../../src/rules/nginx-variables.ts";
import { PROXIED_PORTS } from "../../../src/rules/proxied-ports.ts";
import { failure, type Result, success } from "../../../src/rules/result.ts";
import type { SubrequestTarget } from "../../../src/rules/subrequest-target.ts";
import { nameOf, type Service } from "../../collect/cluster-model.ts";
import type { ResolvedBackend } from "../model.ts";
import type { Options } from "../options.ts";
import type { ClusterIndex } from "./cluster-index.ts";
import { canonicalizeAddress } from "./external-addresses.ts";
import { isInternalName, isListedOrigin } from "./origin-permits.ts";
import { isRecordName } from "./origin-record-names.ts";
import { judgeReference, type ServiceName } from "./references.ts";
import type { ResolveBackend } from "./services.ts";

// A literal authority ends at a variable: "http://10.0.0.1:80$request_uri".
const URL_PARTS = /^(https?):\/\/(\$\{?[a-z_]+\}?(?::\d+)?|[^/?#\s\\$]+)([/?$][^#\s]*)?$/;
const AUTHORITY = /^(\[[^\]]*\]|[^:@]+)(?::(\d{1,5}))?$/;
const REQUEST_HOST = /^\$\{?(?:host|http_host|best_http_host|server_name)\}?(?::\d+)?$/;
const CLUSTER_DNS_NAME = /^([a-z0-9-]+)\.([a-z0-9-]+)\.svc(?:\.cluster\.local)?$/;

/**
 * Resolves the URL of a subrequest. Cluster names and Service addresses become backends; a host of ours is served by
 * our own rules; other names must be public. A target inside the network, or a Service of another namespace without its
 * consent, is refused.
 */
export function resolveSubrequestTarget(url: string, namespace: string, lookups: TargetLookups): TargetResolution {
  const parts = parseUrl(url);
  if (!parts.ok) return parts;
  const { scheme, name, path } = parts.value;
  if (name === "$host") return success({ target: { via: "rules", scheme, host: name, path } });
  const service = findService(name, namespace, lookups);
  if (service) return resolveService(service, namespace, parts.value, lookups);
  const address = canonicalizeAddress(name.replace(/^\[|\]$/g, ""), false);
  if (address !== undefined) return resolveAddress(address, namespace, parts.value, lookups);
  const target = resolvePublicTarget(parts.value, lookups);
  return target.ok ? success({ target: target.value }) : target;
}

/** A target, or the reason why a URL has none. */
export type TargetResolution =
  | { readonly ok: true; readonly value: ResolvedTarget }
  /** `consent`: how to get the missing consent of another namespace. `remedy`: how to reach the Service. */
  | { readonly ok: false; readonly problem: string; readonly remedy?: string; readonly consent?: string };

/** A target, and its backend if it has one. */
export interface ResolvedTarget {
  readonly target: SubrequestTarget;
  readonly backend?: ResolvedBackend;
  /** The Service of the backend if it belongs to another namespace that did not grant it. */
  readonly ungrantedService?: ServiceName;
}

interface TargetLookups {
  readonly index: ClusterIndex;
  readonly resolve: ResolveBackend;
  readonly options: Pick<Options, "permits" | "zones">;
}

interface UrlParts {
  readonly scheme: "http" | "https";
  readonly name: string; // "$host" for the host of the request
  readonly port: number;
  readonly path: string; // may contain variables and a query
}

function parseUrl(url: string): Result<UrlParts> {
  const template = parseTemplate(url);
  if (!template.ok) return template;
  const [, scheme, authority = "", remainder = "/"] = URL_PARTS.exec(url) ?? [];
  if (scheme !== "http" && scheme !== "https") {
    return failure(`expected a URL such as "https://auth.example.com/check", got "${url}"`);
  }
  const path = remainder.startsWith("?") ? `/${remainder}` : remainder;
  if (REQUEST_HOST.test(authority)) return success({ scheme, name: "$host", port: PROXIED_PORTS[scheme][0], path });
  const [, name, port] = AUTHORITY.exec(authority) ?? [];
  if (name === undefined) return failure(`expected a host and port, or $host, got "${authority}"`);
  return success({ scheme, name: name.toLowerCase(), port: Number(port ?? PROXIED_PORTS[scheme][0]), path });
}

/** Refuses before it looks for the Service, so that an Ingress cannot find out the names in another namespace. */
function resolveService(
  service: ServiceName,
  callerNamespace: string,
  { name, scheme, port, path }: UrlParts,
  { index, resolve, options }: TargetLookups,
): TargetResolution {
  const verdict = judgeReference(callerNamespace, service, index.isGranted, options.permits);
  if (verdict === "refused") return refuseReference(service, callerNamespace);
  if (!index.service(nameOf(service))) return failure(`Service not found: ${name}`);
  const resolution = resolve(service.namespace, { name: service.name, port }, scheme);
  if (!resolution.ok) return { ok: false, problem: resolution.problem, remedy: resolution.remedy };
  const target = { via: "backend", backend: resolution.id, path } as const;
  return success({ target, backend: resolution, ...(verdict === "ungranted" && { ungrantedService: service }) });
}

function refuseReference(service: ServiceName, callerNamespace: string): TargetResolution {
  const problem = `Service ${nameOf(service)} not permitted for Ingresses of namespace ${callerNamespace}`;
  const consent = `create a ReferenceGrant in namespace ${service.namespace}, or ask your edgress administrator for an entry in references of the permits`;
  return { ok: false, problem, consent };
}

/**
 * An address resolves only to itself. Other addresses of its Services may belong to someone else. The origin permits of
 * the caller decide, because it could create a Service with the same address.
 */
function resolveAddress(
  address: string,
  callerNamespace: string,
  { name, scheme, port, path }: UrlParts,
  { index, resolve, options }: TargetLookups,
): TargetResolution {
  const candidates = listServicesAt(address, callerNamespace, index).map((service) => ({
    service,
    resolution: resolve(service.namespace, { name: service.name, port }, scheme),
    verdict: isListedOrigin(options.permits.origins, callerNamespace, address)
      ? "allowed"
      : judgeReference(callerNamespace, service, index.isGranted, options.permits),
  }));
  const usableCandidates = candidates.filter(({ verdict }) => verdict !== "refused");
  for (const { service, resolution, verdict } of usableCandidates) {
    const backend = resolution.ok ? limitToAddress(resolution, address) : undefined;
    if (!backend) continue;
    const target = { via: "backend", backend: backend.id, path } as const;
    return success({ target, backend, ...(verdict === "ungranted" && { ungrantedService: service }) });
  }
  const unresolvedBackend = usableCandidates.map(({ resolution }) => resolution).find(({ ok }) => !ok);
  if (unresolvedBackend?.ok === false)
    return { ok: false, problem: unresolvedBackend.problem, remedy: unresolvedBackend.remedy };
  if (usableCandidates.length > 0) return failure(`${name} not permitted as the origin of any Service`);
  const problem = `address ${name} not permitted for Ingresses of namespace ${callerNamespace}`;
  const consent = `ask your edgress administrator to permit the address in origins for namespace ${callerNamespace}`;
  return candidates.length > 0
    ? { ok: false, problem, consent }
    : failure(`no Service has the address ${name}, and a Worker cannot fetch other addresses`);
}

/** Returns the backend with only one of its addresses; undefined if it does not have that one. */
function limitToAddress({ id, backend }: ResolvedBackend, address: string): ResolvedBackend | undefined {
  const addresses = backend.addresses.filter((candidate) => candidate.address === address);
  if (addresses.length === 0) return undefined;
  const limitedId = addresses.length === backend.addresses.length ? id : `${id}@${address}`;
  return { id: limitedId, backend: { ...backend, addresses } };
}

/** Returns the Services with an address, those of the caller's namespace first. */
function listServicesAt(address: string, callerNamespace: string, index: ClusterIndex): Service[] {
  const rank = ({ namespace }: Service) => (namespace === callerNamespace ? 0 : 1);
  return index
    .servicesAt(address)
    .split(" ")
    .flatMap((serviceName) => index.service(serviceName) ?? [])
    .toSorted((a, b) => rank(a) - rank(b) || compareText(nameOf(a), nameOf(b)));
}

/** Finds the Service that a name refers to. A cluster DNS name always refers to one; a short name if it exists. */
function findService(text: string, callerNamespace: string, { index }: TargetLookups): ServiceName | undefined {
  const [, name, namespace] = CLUSTER_DNS_NAME.exec(text) ?? [];
  if (name !== undefined && namespace !== undefined) return { name, namespace };
  const [, shortName, shortNamespace] = /^([a-z0-9-]+)\.([a-z0-9-]+)$/.exec(text) ?? [];
  return index.service(shortName === undefined ? `${callerNamespace}/${text}` : `${shortNamespace}/${shortName}`);
}

function resolvePublicTarget(
  { name, scheme, port, path }: UrlParts,
  { index, options }: TargetLookups,
): Result<SubrequestTarget> {
  if (ipaddr.isValid(name.replace(/^\[|\]$/g, "")))
    return failure(`expected an IPv4 address in four numbers, got "${name}"`);
  const host = parseHost(name);
  if (!host.ok || name.startsWith("*")) return failure(`expected a DNS name, got "${name}"`);
  if (isRecordName(host.value))
    return failure(`${name} is the DNS record of an origin, which would bypass all policies`);
  if (isInternalName(host.value)) return failure(`${name} is not a public name or a Service`);
  if (listHostCandidates(host.value).some((key) => key !== CATCH_ALL_HOST && index.isServed(key))) {
    return success({ via: "rules", scheme, host: host.value, path });
  }
  // Cloudflare sends a fetch of such a name directly to its origin, past Access and the firewall of the zone.
  const zone = findZone(host.value, options.zones);
  if (zone !== undefined && zone !== ROOT_ZONE)
    return failure(`${name} is in zone ${zone} of this account, and no Ingress has this host`);
  if (!PROXIED_PORTS[scheme].includes(port))
    return failure(`expected one of the ports ${PROXIED_PORTS[scheme].join(", ")}`);
  const authority = port === PROXIED_PORTS[scheme][0] ? host.value : `${host.value}:${port}`;
  return success({ via: "internet", origin: `${scheme}://${authority}`, path });
}
