import ipaddr from "ipaddr.js";
import { ANY_HOST, hostKeys, parseHost } from "../../src/rules/hosts.ts";
import { compareText } from "../../src/rules/order.ts";
import { type Parsed, parsed, refused } from "../../src/rules/parsed.ts";
import { PROXIED_PORTS } from "../../src/rules/ports.ts";
import type { Backend } from "../../src/rules/snapshot.ts";
import type { Target } from "../../src/rules/target.ts";
import { parseTemplate } from "../../src/rules/variables.ts";
import type { Service } from "../collect/cluster.ts";
import { canonicalAddress } from "./backends.ts";
import type { Lookups } from "./lookups.ts";
import { isInward } from "./origins.ts";
import { isRecordName } from "./record-names.ts";
import { nameOf } from "./select.ts";

// A literal authority ends where a variable begins: "http://10.0.0.1:80$request_uri".
const URL_PARTS = /^(https?):\/\/(\$\{?[a-z_]+\}?(?::\d+)?|[^/?#\s\\$]+)([/?$][^#\s]*)?$/;
const AUTHORITY = /^(\[[^\]]*\]|[^:@]+)(?::(\d{1,5}))?$/;
const OWN_HOST = /^\$\{?(?:host|http_host|best_http_host|server_name)\}?(?::\d+)?$/;
const CLUSTER_NAME = /^([a-z0-9-]+)\.([a-z0-9-]+)\.svc(?:\.cluster\.local)?$/;

/**
 * Where the URL of a subrequest leads. What only the cluster knows, and addresses of its Services, become backends; a host
 * that we serve is answered by our own rules; other names are public. What could reach inward is refused.
 */
export function targetOf(
  url: string,
  namespace: string,
  lookups: Lookups,
  backends: Map<string, Backend>,
): Parsed<Target> {
  const parts = partsOf(url);
  if (!parts.ok) return parts;
  const { scheme, name, path } = parts.value;
  if (name === "$host") return parsed({ via: "rules", scheme, host: name, path });
  const service = serviceOf(name, namespace, lookups);
  if (service) return backendTarget(service, parts.value, lookups, backends);
  const address = canonicalAddress(name.replace(/^\[|\]$/g, ""), false);
  if (address !== undefined) return addressTarget(address, namespace, parts.value, lookups, backends);
  return outward(parts.value, lookups);
}

interface Parts {
  readonly scheme: "http" | "https";
  readonly name: string; // "$host" for the host that the request asked for
  readonly port: number;
  readonly path: string; // may hold variables, and a query
}

function partsOf(url: string): Parsed<Parts> {
  const template = parseTemplate(url);
  if (!template.ok) return template;
  const [, scheme, authority = "", rest = "/"] = URL_PARTS.exec(url) ?? [];
  if (scheme !== "http" && scheme !== "https") {
    return refused(`expected a URL such as "https://auth.example.com/check", got "${url}"`);
  }
  const path = rest.startsWith("?") ? `/${rest}` : rest;
  if (OWN_HOST.test(authority)) return parsed({ scheme, name: "$host", port: PROXIED_PORTS[scheme][0], path });
  const [, name, port] = AUTHORITY.exec(authority) ?? [];
  if (name === undefined) return refused(`expected a host and port, or $host, got "${authority}"`);
  return parsed({ scheme, name: name.toLowerCase(), port: Number(port ?? PROXIED_PORTS[scheme][0]), path });
}

function backendTarget(
  { namespace, name }: Service,
  { scheme, port, path }: Parts,
  { resolve }: Lookups,
  backends: Map<string, Backend>,
): Parsed<Target> {
  const resolved = resolve(namespace, { name, port }, scheme);
  if (!resolved.ok) return refused(resolved.problem);
  backends.set(resolved.id, resolved.backend);
  return parsed({ via: "backend", backend: resolved.id, path });
}

/** An address leads to itself alone, whatever other addresses the Services have that claim it: those may be anyone's. */
function addressTarget(
  address: string,
  namespace: string,
  { name, scheme, port, path }: Parts,
  { lookUp, resolve }: Lookups,
  backends: Map<string, Backend>,
): Parsed<Target> {
  const holders = lookUp("servicesAt", address)
    .split(" ")
    .flatMap((full) => lookUp("service", full) ?? [])
    .toSorted((a, b) => rank(a, namespace) - rank(b, namespace) || compareText(nameOf(a), nameOf(b)));
  const found = holders.map((service) => resolve(service.namespace, { name: service.name, port }, scheme));
  for (const resolved of found) {
    const own = resolved.ok ? resolved.backend.addresses.filter((other) => other.address === address) : [];
    if (!resolved.ok || own.length === 0) continue;
    const id = own.length === resolved.backend.addresses.length ? resolved.id : `${resolved.id}@${address}`;
    backends.set(id, { ...resolved.backend, addresses: own });
    return parsed({ via: "backend", backend: id, path });
  }
  const failed = found.find((resolved) => !resolved.ok);
  if (failed?.ok === false) return refused(failed.problem);
  return holders.length > 0
    ? refused(`no Service may have ${name} as an origin`)
    : refused(`no Service has the address ${name}, and a Worker can't fetch any other`);
}

function rank(service: Service, namespace: string): number {
  return service.namespace === namespace ? 0 : 1;
}

/** The Service that a name stands for. */
function serviceOf(name: string, namespace: string, { lookUp }: Lookups): Service | undefined {
  const [, service, of] = CLUSTER_NAME.exec(name) ?? /^([a-z0-9-]+)\.([a-z0-9-]+)$/.exec(name) ?? [];
  return lookUp("service", service === undefined ? `${namespace}/${name}` : `${of}/${service}`);
}

function outward({ name, scheme, port, path }: Parts, { lookUp }: Lookups): Parsed<Target> {
  if (ipaddr.isValid(name.replace(/^\[|\]$/g, "")))
    return refused(`expected an address in four numbers, got "${name}"`);
  if (CLUSTER_NAME.test(name)) return refused(`there is no Service ${name}`);
  const host = parseHost(name);
  if (!host.ok || name.startsWith("*")) return refused(`expected a DNS name, got "${name}"`);
  if (isRecordName(host.value))
    return refused(`${name} is the name of an origin's record, past all policies of its paths`);
  if (isInward(host.value)) return refused(`${name} is no public name, and no Service`);
  if (hostKeys(host.value).some((key) => key !== ANY_HOST && lookUp("isServed", key))) {
    return parsed({ via: "rules", scheme, host: host.value, path });
  }
  if (!PROXIED_PORTS[scheme].includes(port))
    return refused(`expected one of the ports ${PROXIED_PORTS[scheme].join(", ")}`);
  const authority = port === PROXIED_PORTS[scheme][0] ? host.value : `${host.value}:${port}`;
  return parsed({ via: "internet", origin: `${scheme}://${authority}`, path });
}
