import { ANY_HOST, hostKeys, parseHost, zoneOf } from "../../src/rules/hosts.ts";
import { compareText } from "../../src/rules/order.ts";
import type { HostRules } from "../../src/rules/snapshot.ts";
import { type Owner, subjectOf } from "./claims.ts";
import type { Report, Subject } from "./diagnostic.ts";
import type { HostPlan } from "./grant.ts";
import type { Options } from "./options.ts";
import { mayHaveHost } from "./permits.ts";
import { type RoutesUsed, reportRoutes, routesLeft } from "./route-limit.ts";

/** Hosts with the names that they have beside their own. */
export interface Named {
  /** A plan a name: an alias has the plan of its host. */
  readonly plans: readonly HostPlan[];
  /** Names that are sent to a host. */
  readonly redirects: readonly HostRules[];
  /** Aliases that a certificate of their host covers. */
  readonly secure: readonly string[];
}

type Annotation = "from-to-www-redirect" | "server-alias";

/**
 * Gives hosts the names that from-to-www-redirect and server-alias ask for. Rules' own hosts keep their names; of the
 * others the first host in order of names does, and redirects come before aliases, as in ingress-nginx.
 */
export function withNames(
  byHost: ReadonlyMap<string, HostPlan>,
  options: Pick<Options, "zones" | "permits">,
  used: RoutesUsed,
  report: Report,
): Named {
  const plans = [...byHost.values()];
  const asking = plans.filter(({ owners }) => owners.some(asksForNames));
  if (asking.length === 0) return { plans, redirects: [], secure: [] };
  const take = registry(byHost, options, used, report);
  const ordered = asking.toSorted((a, b) => compareText(a.host, b.host));
  const redirects = ordered.flatMap((plan) => {
    const from = counterpartOf(plan.host);
    if (from === undefined) return [];
    const asking = plan.owners.filter(({ read }) => read.values.fromToWww["from-to-www-redirect"] === true);
    const owner = asking.find((one) => isPermitted(one, from, "from-to-www-redirect", options, report));
    if (!owner || !take(from, plan, owner, "from-to-www-redirect")) return [];
    return [{ host: from, policies: { fromToWww: { to: plan.host } }, routes: [], backends: {} }];
  });
  const aliases = ordered.flatMap((plan) => {
    const { owner, names: asked } = aliasesOf(plan, options, report);
    const names = asked.filter((name) => owner && take(name, plan, owner, "server-alias"));
    return names.map((name) => ({ plan, name }));
  });
  return {
    plans: [...plans, ...aliases.map(({ plan, name }) => ({ ...plan, host: name }))],
    redirects,
    secure: aliases.filter(({ plan, name }) => isCovered(plan, name)).map(({ name }) => name),
  };
}

/** Few do, so that the others need not be put in order, nor their names be known. */
function asksForNames({ read }: Owner): boolean {
  const { fromToWww } = read.values;
  return fromToWww["from-to-www-redirect"] === true || fromToWww["server-alias"] !== undefined;
}

type Take = (name: string, plan: HostPlan, owner: Owner, annotation: Annotation) => boolean;

/** Names and whose they are. A name is taken once: by rules of its own, else by the host that asks first. */
function registry(
  plans: ReadonlyMap<string, HostPlan>,
  { zones, permits }: Pick<Options, "zones" | "permits">,
  used: RoutesUsed,
  report: Report,
): Take {
  const taken = new Map<string, string>(); // beside the hosts themselves
  // Who has but part of a host does not keep its name from others.
  const holderOf = (name: string) => taken.get(name) ?? (plans.get(name)?.owners.length ? name : undefined);
  const take = routesLeft(permits, used);
  return (name, { host, claims }, owner, annotation) => {
    const holder = holderOf(name);
    const subject = subjectOf(owner.ingress, fieldOf(owner, annotation));
    if (holder !== undefined) {
      if (name !== host) reportTaken(name, holder, subject, report);
      return false;
    }
    const { namespace } = owner.ingress;
    // A name that is sent on has no routes; any other has all of its host's.
    if (!take(namespace, annotation === "server-alias" ? Math.max(1, claims.length) : 1)) {
      reportRoutes(namespace, `host ${name}`, subject, permits, report);
      return false;
    }
    taken.set(name, host);
    if (zoneOf(name, zones) === undefined) {
      report("HostOutsideZones", subject, `${name} lies in none of the account's zones`, "add its zone to the account");
    }
    return true;
  };
}

function reportTaken(name: string, holder: string, subject: Subject, report: Report): void {
  const problem = holder === name ? `${name} is a host of its own` : `${name} is a name of ${holder} already`;
  report("NameTaken", subject, problem, "remove the one or the other");
}

/** `"example.com"` → `"www.example.com"`, and back. */
function counterpartOf(host: string): string | undefined {
  if (host === ANY_HOST || host.startsWith("*")) return undefined;
  return host.startsWith("www.") ? host.slice("www.".length) : `www.${host}`;
}

/** Whether a namespace may have a further name, which is refused before anyone else is asked. */
function isPermitted(
  owner: Owner,
  name: string,
  annotation: Annotation,
  { permits }: Pick<Options, "permits">,
  report: Report,
): boolean {
  const { ingress } = owner;
  const { namespace } = ingress;
  if (mayHaveHost(permits, namespace, name)) return true;
  const problem = `namespace ${namespace} may not claim host ${name}`;
  const remedy = `ask whoever keeps the permits of edgress to add it for namespace ${namespace}, or take it out`;
  report("ClaimRefused", subjectOf(ingress, fieldOf(owner, annotation)), problem, remedy);
  return false;
}

/** The aliases of the oldest Ingress of a host that has any: they count for all of the host, and no other's do. */
function aliasesOf({ host, owners }: HostPlan, options: Pick<Options, "permits">, report: Report) {
  const asking = owners.filter((owner) => writtenAliases(owner).length > 0);
  const [first, ...others] = asking.map((owner) => permittedAliases(owner, options, report)).filter(({ asks }) => asks);
  for (const { owner } of others) {
    const problem = `an older Ingress has the aliases of ${host}; these count for nothing`;
    report("NameTaken", subjectOf(owner.ingress, fieldOf(owner, "server-alias")), problem, "name all in that one");
  }
  return { owner: first?.owner, names: first ? readAliases(first.owner, first.texts, report) : [] };
}

/** The aliases that an Ingress may have, as written. One that asks for nothing but what it may not have does not ask. */
function permittedAliases(owner: Owner, options: Pick<Options, "permits">, report: Report) {
  const texts = writtenAliases(owner).filter((text) => {
    const host = parseHost(text);
    return !host.ok || isPermitted(owner, host.value, "server-alias", options, report);
  });
  return { owner, texts, asks: texts.length > 0 };
}

function readAliases(owner: Owner, texts: readonly string[], report: Report): string[] {
  const subject = subjectOf(owner.ingress, fieldOf(owner, "server-alias"));
  const names = texts.flatMap((text) => {
    const host = text.startsWith("~") ? undefined : parseHost(text);
    if (!host?.ok) {
      const problem = host?.problem ?? `${text} is an expression, which can't be a host at the edge`;
      report(
        "AnnotationInvalid",
        subject,
        problem,
        'name the hosts, or write "*.example.com"; until then it is left out',
      );
      return [];
    }
    if (host.value.startsWith("*")) {
      const problem = `${host.value} stands for one label; ingress-nginx takes any number of them in an alias`;
      report("DoesLess", subject, problem, "name deeper hosts as well");
    }
    return [host.value];
  });
  return [...new Set(names)].toSorted(compareText);
}

function writtenAliases({ read }: Owner): readonly string[] {
  return (read.values.fromToWww["server-alias"] ?? []) as readonly string[]; // as its row in the table reads it
}

function fieldOf({ read }: Owner, annotation: Annotation): string {
  return `metadata.annotations[${read.keyOf(annotation) ?? annotation}]`;
}

/**
 * Whether the host's certificate is one for the alias too. The names that a certificate is for are taken from the
 * `spec.tls` of the oldest Ingress that has one, since that is what it was ordered for.
 */
function isCovered({ owners }: HostPlan, name: string): boolean {
  const tls = owners.find(({ ingress }) => ingress.tls.length > 0)?.ingress.tls ?? [];
  const names = new Set(tls.flatMap(({ hosts }) => hosts.map((host) => host.toLowerCase())));
  const keys = name.startsWith("*") ? [name] : hostKeys(name).filter((key) => key !== ANY_HOST);
  return keys.some((key) => names.has(key));
}
