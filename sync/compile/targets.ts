import ipaddr from "ipaddr.js";
import { ANY_HOST, hostKeys, parseHost } from "../../src/rules/hosts.ts";
import { type Parsed, parsed, refused } from "../../src/rules/parsed.ts";
import { PROXIED_PORTS } from "../../src/rules/ports.ts";
import type { Backend } from "../../src/rules/snapshot.ts";
import type { Target } from "../../src/rules/target.ts";
import { parseTemplate } from "../../src/rules/variables.ts";
import type { Service } from "../collect/cluster.ts";
import { canonicalAddress } from "./backends.ts";
import type { Lookups } from "./lookups.ts";

// A literal authority ends where a variable begins: "http://10.0.0.1:80$request_uri".
const URL_PARTS = /^(https?):\/\/(\$\{?[a-z_]+\}?(?::\d+)?|[^/?#\s\\$]+)([/?$][^#\s]*)?$/;
const AUTHORITY = /^(\[[^\]]*\]|[^:@]+)(?::(\d{1,5}))?$/;
const OWN_HOST = /^\$\{?(?:host|http_host|best_http_host|server_name)\}?(?::\d+)?$/;
const CLUSTER_NAME = /^([a-z0-9-]+)\.([a-z0-9-]+)\.svc(?:\.cluster\.local)?$/;
// Names that mean something else at every machine, or a cloud's own secrets.
const INWARD = /(^|\.)(localhost|local|internal|localdomain|home\.arpa)$/;

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
  return service ? backendTarget(service, parts.value, lookups, backends) : outward(parts.value, lookups);
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

/** The Service that a name or address stands for. */
function serviceOf(name: string, namespace: string, { lookUp }: Lookups): Service | undefined {
  const [, service, of] = CLUSTER_NAME.exec(name) ?? /^([a-z0-9-]+)\.([a-z0-9-]+)$/.exec(name) ?? [];
  const byName = lookUp("service", service === undefined ? `${namespace}/${name}` : `${of}/${service}`);
  const address = canonicalAddress(name.replace(/^\[|\]$/g, ""), false);
  return byName || address === undefined ? byName : lookUp("serviceAt", address);
}

function outward({ name, scheme, port, path }: Parts, { lookUp }: Lookups): Parsed<Target> {
  if (ipaddr.isValid(name.replace(/^\[|\]$/g, ""))) {
    return refused(`no Service has the address ${name}, and a Worker can't fetch any other`);
  }
  if (CLUSTER_NAME.test(name)) return refused(`there is no Service ${name}`);
  const host = parseHost(name);
  if (!host.ok || name.startsWith("*")) return refused(`expected a DNS name, got "${name}"`);
  if (INWARD.test(host.value) || !host.value.includes(".")) return refused(`${name} is no public name, and no Service`);
  if (hostKeys(host.value).some((key) => key !== ANY_HOST && lookUp("isServed", key))) {
    return parsed({ via: "rules", scheme, host: host.value, path });
  }
  if (!PROXIED_PORTS[scheme].includes(port))
    return refused(`expected one of the ports ${PROXIED_PORTS[scheme].join(", ")}`);
  const authority = port === PROXIED_PORTS[scheme][0] ? host.value : `${host.value}:${port}`;
  return parsed({ via: "internet", origin: `${scheme}://${authority}`, path });
}
