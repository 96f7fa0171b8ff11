import { ANY_HOST, parseHost, zoneOf } from "../../src/rules/hosts.ts";
import { type Parsed, parsed, refused } from "../../src/rules/parsed.ts";
import { decodePath } from "../../src/rules/paths.ts";
import type { PolicyName } from "../../src/rules/policies/index.ts";
import type { Ingress, IngressBackend, IngressPath } from "../collect/cluster.ts";
import { type Read, readAnnotations } from "./annotations.ts";
import type { Protocol } from "./backends.ts";
import type { Report, Subject } from "./diagnostic.ts";
import type { Options } from "./options.ts";
import { nameOf } from "./select.ts";

/** An Ingress of ours with what its annotations say. */
export interface Owner {
  readonly ingress: Ingress;
  readonly read: Read;
}

/** A route that an Ingress asks for, before it is granted. */
export interface Claim {
  readonly owner: Owner;
  readonly id: string;
  readonly host: string;
  readonly path: string; // "/" where the Ingress gives none
  readonly type: "exact" | "prefix";
  /** Its host, type and path: what can be granted only once. */
  readonly route: string;
  /** None where it is a host's fallback without one: it answers 404, behind its policies. */
  readonly backend: (IngressBackend & { type: "service" }) | undefined;
  /** Policies that do not hold for it, whatever the annotations say. */
  readonly without: readonly PolicyName[];
  /** Where its namespace may have but part of the host: these paths, decoded, and what lies below them. */
  readonly within?: readonly string[];
  readonly subject: Subject;
}

/** What an Ingress asks for: hosts, even those without a path, and paths. */
export interface Asked {
  readonly owner: Owner;
  readonly hosts: readonly string[];
  readonly claims: readonly Claim[];
}

/** Reads an Ingress's rules. A rule or path that cannot be read is reported and costs only itself. */
export function claimsOf(ingress: Ingress, options: Options, report: Report): Asked {
  const owner = { ingress, read: readAnnotations(ingress, report) };
  const rules = ingress.rules.flatMap((rule, ruleIndex) => {
    const host = parseHost(rule.host);
    const subject = subjectOf(ingress, `spec.rules[${ruleIndex}].host`);
    if (!host.ok) {
      report("HostInvalid", subject, host.problem, 'write it like "shop.example.com" or "*.example.com"');
      return [];
    }
    if (host.value !== ANY_HOST && zoneOf(host.value, options.zones) === undefined) {
      const problem = `${host.value} lies in none of the account's zones (${options.zones.join(", ") || "there are none"})`;
      report("HostOutsideZones", subject, problem, "add its zone to the account, or correct the name");
    }
    const claims = rule.paths.flatMap((path, pathIndex) =>
      claimOf(owner, host.value, path, `${ruleIndex}.${pathIndex}`, report),
    );
    return [{ host: host.value, claims }];
  });
  return { owner, hosts: rules.map(({ host }) => host), claims: rules.flatMap(({ claims }) => claims) };
}

/** How an Ingress's backends are spoken to. */
export function protocolOf({ read }: Owner): Protocol {
  switch (read.values.upstream["backend-protocol"]) {
    case "HTTPS":
      return "https";
    case "AUTO_HTTP":
      return "by port";
    default:
      return "http";
  }
}

export function subjectOf(ingress: Ingress, field: string): Subject {
  return { object: `Ingress ${nameOf(ingress)}`, source: ingress.source, field };
}

function claimOf(owner: Owner, host: string, written: IngressPath, place: string, report: Report): Claim[] {
  const [ruleIndex, pathIndex] = place.split(".");
  const field = `spec.rules[${ruleIndex}].http.paths[${pathIndex}]`;
  const subject = subjectOf(owner.ingress, field);
  const type = typeOf(written.pathType);
  const path = parsePath(written.path, written.pathType);
  for (const [name, read] of [["pathType", type] as const, ["path", path] as const]) {
    if (read.ok) continue;
    report(
      "PathInvalid",
      { ...subject, field: `${field}.${name}` },
      read.problem,
      "correct it; until then the path is left out",
    );
    return [];
  }
  if (!type.ok || !path.ok) return [];
  if (written.backend.type === "other") {
    const problem = `the backend is ${written.backend.description}, not a Service with a port`;
    report("BackendUnsupported", { ...subject, field: `${field}.backend` }, problem, "name a Service and its port");
    return [];
  }
  const id = `${nameOf(owner.ingress)}#${place}`;
  const what = { host, type: type.value, path: path.value };
  return [{ owner, id, ...what, route: routeKey(what), backend: written.backend, without: [], subject }];
}

/** Paths that differ only in their escapes are one path. */
export function routeKey({ host, type, path }: Pick<Claim, "host" | "type" | "path">): string {
  return `${host} ${type} ${decodePath(path)}`;
}

/** ImplementationSpecific, and none, mean Prefix: so in ingress-nginx, and charts rely on it. */
function typeOf(pathType: string | undefined): Parsed<Claim["type"]> {
  switch (pathType) {
    case "Exact":
      return parsed("exact");
    case "Prefix":
    case "ImplementationSpecific":
    case undefined:
    case "":
      return parsed("prefix");
    default:
      return refused(`expected Exact, Prefix or ImplementationSpecific, got "${pathType}"`);
  }
}

/** What the API server takes of a path; https://kubernetes.io/docs/concepts/services-networking/ingress/#path-types. */
function parsePath(path: string | undefined, pathType: string | undefined): Parsed<string> {
  if (path === undefined || path === "") return parsed("/");
  if (!path.startsWith("/")) return refused(`expected an absolute path, got "${path}"`);
  if (/[\x00-\x1f\x7f]/.test(path) || !path.isWellFormed())
    return refused("expected a path without control characters");
  const literal = pathType === "Exact" || pathType === "Prefix";
  const forbidden = ["//", "/./", "/../", "%2f", "%2F"].find((part) => path.includes(part));
  if (literal && forbidden) return refused(`expected a path without "${forbidden}", got "${path}"`);
  if (literal && /\/\.\.?$/.test(path))
    return refused(`expected a path that does not end in "/." or "/..", got "${path}"`);
  return parsed(path);
}
