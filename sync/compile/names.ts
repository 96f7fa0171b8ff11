import { ANY_HOST, hostKeys, parseHost, zoneOf } from "../../src/rules/hosts.ts";
import { compareText } from "../../src/rules/order.ts";
import type { HostRules } from "../../src/rules/snapshot.ts";
import { type Owner, subjectOf } from "./claims.ts";
import type { Report } from "./diagnostic.ts";
import type { HostPlan } from "./grant.ts";
import type { Options } from "./options.ts";

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
export function withNames(plans: readonly HostPlan[], options: Pick<Options, "zones">, report: Report): Named {
  const take = registry(plans, options, report);
  const asking = plans.filter(({ owners }) => owners.some(asksForNames));
  const ordered = asking.toSorted((a, b) => compareText(a.host, b.host));
  const redirects = ordered.flatMap((plan) => {
    const owner = plan.owners.find(({ read }) => read.values.fromToWww["from-to-www-redirect"] === true);
    const from = counterpartOf(plan.host);
    if (!owner || from === undefined || !take(from, plan.host, owner, "from-to-www-redirect")) return [];
    return [{ host: from, policies: { fromToWww: { to: plan.host } }, routes: [], backends: {} }];
  });
  const aliases = ordered.flatMap((plan) => {
    const owner = aliasOwner(plan, report);
    const asked = owner ? aliasesOf(owner, report) : [];
    const names = asked.filter((name) => owner && take(name, plan.host, owner, "server-alias"));
    return names.map((name) => ({ plan, name }));
  });
  return {
    plans: [...plans, ...aliases.map(({ plan, name }) => ({ ...plan, host: name }))],
    redirects,
    secure: aliases.filter(({ plan, name }) => isCovered(plan, name)).map(({ name }) => name),
  };
}

/** Few do, so that the others need not be put in order. */
function asksForNames({ read }: Owner): boolean {
  const { fromToWww } = read.values;
  return fromToWww["from-to-www-redirect"] === true || fromToWww["server-alias"] !== undefined;
}

type Take = (name: string, host: string, owner: Owner, annotation: Annotation) => boolean;

/** Names and whose they are. A name is taken once: by rules of its own, else by the host that asks first. */
function registry(plans: readonly HostPlan[], { zones }: Pick<Options, "zones">, report: Report): Take {
  const taken = new Map(plans.map(({ host }) => [host, host]));
  return (name, host, owner, annotation) => {
    const holder = taken.get(name);
    const subject = subjectOf(owner.ingress, fieldOf(owner, annotation));
    if (holder !== undefined) {
      const problem = holder === name ? `${name} is a host of its own` : `${name} is a name of ${holder} already`;
      if (name !== host) report("NameTaken", subject, problem, "remove the one or the other");
      return false;
    }
    taken.set(name, host);
    if (zoneOf(name, zones) === undefined) {
      report("HostOutsideZones", subject, `${name} lies in none of the account's zones`, "add its zone to the account");
    }
    return true;
  };
}

/** `"example.com"` → `"www.example.com"`, and back. */
function counterpartOf(host: string): string | undefined {
  if (host === ANY_HOST || host.startsWith("*")) return undefined;
  return host.startsWith("www.") ? host.slice("www.".length) : `www.${host}`;
}

/** The oldest Ingress of a host that has aliases: theirs count for all of the host, and no other's. */
function aliasOwner({ host, owners }: HostPlan, report: Report): Owner | undefined {
  const [first, ...others] = owners.filter((owner) => writtenAliases(owner).length > 0);
  for (const owner of others) {
    const problem = `an older Ingress has the aliases of ${host}; these count for nothing`;
    report("NameTaken", subjectOf(owner.ingress, fieldOf(owner, "server-alias")), problem, "name all in that one");
  }
  return first;
}

function aliasesOf(owner: Owner, report: Report): string[] {
  const subject = subjectOf(owner.ingress, fieldOf(owner, "server-alias"));
  const names = writtenAliases(owner).flatMap((text) => {
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
