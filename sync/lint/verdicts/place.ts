import { parseHost } from "../../../src/rules/hosts.ts";
import { type Cluster, type Ingress, nameOf } from "../../collect/cluster-model.ts";
import type { Finding } from "../findings/finding.ts";

/** The part of a manifest that a finding is about. */
export interface FindingPlace {
  /** The field in words: a host and path, or an annotation. */
  readonly place: string;
  readonly hosts: readonly string[];
}

const NGINX_PREFIX = "nginx.ingress.kubernetes.io/";

/** Returns a function that finds the host and path of a finding. */
export function createPlaceFinder({ ingresses }: Pick<Cluster, "ingresses">): (finding: Finding) => FindingPlace {
  const byName = new Map(ingresses.map((ingress) => [`Ingress ${nameOf(ingress)}`, ingress]));
  return ({ object, field }) => {
    const ingress = byName.get(object);
    const [, ruleIndex, pathIndex] = /^spec\.rules\[(\d+)\](?:\.http\.paths\[(\d+)\])?/.exec(field) ?? [];
    const rule = ruleIndex === undefined ? undefined : ingress?.rules[Number(ruleIndex)];
    if (!ingress || !rule) return { place: shortenField(field), hosts: ingress ? listHosts(ingress) : [] };
    const host = readHostName(rule.host);
    const path = pathIndex === undefined ? "" : (rule.paths[Number(pathIndex)]?.path ?? "/");
    return { place: `${host}${path}`, hosts: [host] };
  };
}

/** Returns the hosts of an Ingress as rules name them; `*` for any host. */
export function listHosts({ rules, defaultBackend }: Ingress): string[] {
  const hosts = rules.map(({ host }) => readHostName(host));
  return [...new Set(hosts.length === 0 && defaultBackend ? ["*"] : hosts)];
}

/** Returns the key of an annotation without the prefix of ingress-nginx. Other fields stay the same. */
function shortenField(field: string): string {
  const key = /^metadata\.annotations\[(.*)\]$/.exec(field)?.[1];
  if (key === undefined) return field;
  return key.startsWith(NGINX_PREFIX) ? key.slice(NGINX_PREFIX.length) : key;
}

function readHostName(text: string | undefined): string {
  const host = parseHost(text);
  return host.ok ? host.value : (text ?? "*");
}
