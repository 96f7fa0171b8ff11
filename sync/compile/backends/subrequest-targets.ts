import ipaddr from "ipaddr.js";
import { compareText } from "../../../src/rules/compare-text.ts";
import { CATCH_ALL_HOST, listHostCandidates, parseHost } from "../../../src/rules/hosts.ts";
import { parseTemplate } from "../../../src/rules/nginx-variables.ts";
import { PROXIED_PORTS } from "../../../src/rules/proxied-ports.ts";
import { failure, type Result, success } from "../../../src/rules/result.ts";
import type { SubrequestTarget } from "../../../src/rules/subrequest-target.ts";
import { nameOf, type Service } from "../../collect/cluster-model.ts";
import type { ResolvedBackend } from "../model.ts";
import type { ClusterIndex } from "./cluster-index.ts";
import { canonicalizeAddress } from "./external-addresses.ts";
import { isInternalName } from "./origin-permits.ts";
import { isRecordName } from "./origin-record-names.ts";
import type { ResolveBackend } from "./services.ts";

// A literal authority ends at a variable: "http://10.0.0.1:80$request_uri".
const URL_PARTS = /^(https?):\/\/(\$\{?[a-z_]+\}?(?::\d+)?|[^/?#\s\\$]+)([/?$][^#\s]*)?$/;
const AUTHORITY = /^(\[[^\]]*\]|[^:@]+)(?::(\d{1,5}))?$/;
const REQUEST_HOST = /^\$\{?(?:host|http_host|best_http_host|server_name)\}?(?::\d+)?$/;
const CLUSTER_DNS_NAME = /^([a-z0-9-]+)\.([a-z0-9-]+)\.svc(?:\.cluster\.local)?$/;

/**
 * Resolves the URL of a subrequest. Cluster names and Service addresses become backends; a host of ours is served by
 * our own rules; other names must be public. A target inside the network is refused.
 */
export function resolveSubrequestTarget(
  url: string,
  namespace: string,
  lookups: TargetLookups,
): Result<ResolvedTarget> {
  const parts = parseUrl(url);
  if (!parts.ok) return parts;
  const { scheme, name, path } = parts.value;
  if (name === "$host") return success({ target: { via: "rules", scheme, host: name, path } });
  const service = findService(name, namespace, lookups);
  if (service) return resolveBackendTarget(service, parts.value, lookups);
  const address = canonicalizeAddress(name.replace(/^\[|\]$/g, ""), false);
  if (address !== undefined) return resolveAddressTarget(address, namespace, parts.value, lookups);
  const target = resolvePublicTarget(parts.value, lookups);
  return target.ok ? success({ target: target.value }) : target;
}

/** A target, and its backend if it has one. */
export interface ResolvedTarget {
  readonly target: SubrequestTarget;
  readonly backend?: ResolvedBackend;
}

interface TargetLookups {
  readonly index: ClusterIndex;
  readonly resolve: ResolveBackend;
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

function resolveBackendTarget(
  { namespace, name }: Service,
  { scheme, port, path }: UrlParts,
  { resolve }: TargetLookups,
): Result<ResolvedTarget> {
  const resolution = resolve(namespace, { name, port }, scheme);
  if (!resolution.ok) return failure(resolution.problem);
  return success({ target: { via: "backend", backend: resolution.id, path }, backend: resolution });
}

/** An address resolves only to itself. Other addresses of its Services may belong to someone else. */
function resolveAddressTarget(
  address: string,
  namespace: string,
  { name, scheme, port, path }: UrlParts,
  { index, resolve }: TargetLookups,
): Result<ResolvedTarget> {
  const services = index
    .servicesAt(address)
    .split(" ")
    .flatMap((serviceName) => index.service(serviceName) ?? [])
    .toSorted(
      (a, b) => rankByNamespace(a, namespace) - rankByNamespace(b, namespace) || compareText(nameOf(a), nameOf(b)),
    );
  const resolutions = services.map((service) => resolve(service.namespace, { name: service.name, port }, scheme));
  for (const resolution of resolutions) {
    const addresses = resolution.ok
      ? resolution.backend.addresses.filter((candidate) => candidate.address === address)
      : [];
    if (!resolution.ok || addresses.length === 0) continue;
    const id = addresses.length === resolution.backend.addresses.length ? resolution.id : `${resolution.id}@${address}`;
    const backend = { id, backend: { ...resolution.backend, addresses } };
    return success({ target: { via: "backend", backend: id, path }, backend });
  }
  const unresolvedBackend = resolutions.find((resolution) => !resolution.ok);
  if (unresolvedBackend?.ok === false) return failure(unresolvedBackend.problem);
  return services.length > 0
    ? failure(`${name} not permitted as the origin of any Service`)
    : failure(`no Service has the address ${name}, and a Worker cannot fetch other addresses`);
}

function rankByNamespace(service: Service, namespace: string): number {
  return service.namespace === namespace ? 0 : 1;
}

/** Finds the Service that a name refers to. */
function findService(name: string, namespace: string, { index }: TargetLookups): Service | undefined {
  const [, service, serviceNamespace] = CLUSTER_DNS_NAME.exec(name) ?? /^([a-z0-9-]+)\.([a-z0-9-]+)$/.exec(name) ?? [];
  return index.service(service === undefined ? `${namespace}/${name}` : `${serviceNamespace}/${service}`);
}

function resolvePublicTarget(
  { name, scheme, port, path }: UrlParts,
  { index }: TargetLookups,
): Result<SubrequestTarget> {
  if (ipaddr.isValid(name.replace(/^\[|\]$/g, "")))
    return failure(`expected an IPv4 address in four numbers, got "${name}"`);
  if (CLUSTER_DNS_NAME.test(name)) return failure(`Service not found: ${name}`);
  const host = parseHost(name);
  if (!host.ok || name.startsWith("*")) return failure(`expected a DNS name, got "${name}"`);
  if (isRecordName(host.value))
    return failure(`${name} is the DNS record of an origin, which would bypass all policies`);
  if (isInternalName(host.value)) return failure(`${name} is not a public name or a Service`);
  if (listHostCandidates(host.value).some((key) => key !== CATCH_ALL_HOST && index.isServed(key))) {
    return success({ via: "rules", scheme, host: host.value, path });
  }
  if (!PROXIED_PORTS[scheme].includes(port))
    return failure(`expected one of the ports ${PROXIED_PORTS[scheme].join(", ")}`);
  const authority = port === PROXIED_PORTS[scheme][0] ? host.value : `${host.value}:${port}`;
  return success({ via: "internet", origin: `${scheme}://${authority}`, path });
}
