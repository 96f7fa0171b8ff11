import { ANY_HOST } from "../../src/rules/hosts.ts";
import { compareText } from "../../src/rules/order.ts";
import type { HostRules, Rules } from "../../src/rules/snapshot.ts";
import type { Cluster, Ingress, Malformed, Reference, Service } from "../collect/cluster.ts";
import { onceEach } from "../once-each.ts";
import { type Addressed, addressesOf } from "./backends.ts";
import { canariesOf, isCanary } from "./canaries.ts";
import { checkCertificates } from "./certificates.ts";
import { type Asked, claimsOf, subjectOf } from "./claims.ts";
import { type ClassSettings, classNameOf, classSettings, withClassSettings } from "./class-settings.ts";
import { reportNeedless } from "./degraded.ts";
import { type Diagnostic, type Report, reportInto } from "./diagnostic.ts";
import { grant } from "./grant.ts";
import { secureHosts } from "./host.ts";
import { compileHosts } from "./hosts.ts";
import { withRedirects, withRest } from "./lodgers.ts";
import { findSame, inOneList, lookUpIn, type World } from "./lookups.ts";
import { forgetOthers, isSameCluster, type Memory, newMemory, type Recall, recallFrom } from "./memory.ts";
import { withNames } from "./names.ts";
import type { Options } from "./options.ts";
import { originsOf } from "./origins.ts";
import { permitted } from "./permitted.ts";
import { routesUsed, withinRoutes } from "./route-limit.ts";
import { type Ranked, rankedIn } from "./select.ts";
import { sortedAfter } from "./sorted.ts";
import { reportStrangers } from "./strangers.ts";

export interface Compiled {
  readonly rules: Rules;
  /** Our Ingresses, by "namespace/name". */
  readonly ours: ReadonlyMap<string, Ingress>;
  /** Each once, in an order that depends on nothing but the cluster. */
  readonly diagnostics: readonly Diagnostic[];
  /** Every Secret and ConfigMap that was asked for, found or not, each once and in order. */
  readonly references: readonly Reference[];
}

/**
 * Compiles a cluster into rules. It never throws: what cannot be compiled is left out and reported, and costs nothing but
 * itself. The order in which objects come does not matter. With a `memory` only what changed is compiled anew, and the
 * rules of a host that is as it was are the same object as before; where nothing did, all is.
 */
export function compile(cluster: Cluster, options: Options, memory = newMemory()): Compiled {
  forgetOthers(memory, options);
  const { last } = memory;
  const compiled = last && isSameCluster(last.cluster, cluster) ? last.compiled : compileAnew(cluster, options, memory);
  memory.last = { cluster, compiled };
  return compiled;
}

function compileAnew(cluster: Cluster, options: Options, memory: Memory): Compiled {
  const diagnostics: Diagnostic[] = [];
  const report = reportInto(diagnostics);
  const recall = recallFrom(memory, diagnostics);

  for (const object of cluster.malformed) reportMalformed(object, report);
  const ranked = rankedIn(cluster, options, recall, memory.ranked);
  const ours = ranked.sorted;
  const settings = classSettings(cluster, options, recall);
  const claimed = ours.map(({ ingress }) => {
    const ofClass = settings.byClass.get(classNameOf(ingress, cluster, options));
    return recall("asked", ingress, [ofClass], (own) => readIngress(ingress, ofClass, options, own));
  });
  const all = withinRoutes(claimed, options.permits, report);
  const asked = all.filter((one) => !isCanary(one));
  checkCertificates(
    asked.map(({ owner }) => owner.ingress),
    cluster,
    report,
  );
  const grants = grant(asked, memory.grants, recall);
  const granted = [...grants.plans.values()];
  const named = withNames(grants.plans, options, routesUsed(all, options.permits), report);
  const plans = withRest(named.plans, named.redirects);
  const world: World = {
    cluster,
    served: setOf([...plans, ...named.redirects], memory.world?.served),
    secure: new Set([...secureHosts(asked), ...named.secure]),
    canaries: canariesOf(all.filter(isCanary), granted, report),
  };
  const lookUp = lookUpIn(world, addressesIn(cluster, options, recall));
  const before = { hosts: memory.hosts, findsTheSame: memory.world !== undefined && findSame(memory.world, world) };
  const compiled = compileHosts(plans, before, lookUp, options);
  for (const one of compiled) one.diagnostics.forEach((diagnostic) => void diagnostics.push(diagnostic));
  const sentOn = named.redirects.map((redirect) => asBefore(redirect, memory.redirects));
  const own = compiled.map(({ rules }) => rules);
  const hosts = withRedirects(own, sentOn, recall);
  reportNeedless(asked, diagnostics, report);

  memory.grants = grants;
  memory.world = world;
  memory.hosts = compiled;
  memory.redirects = new Map(sentOn.map((redirect) => [redirect.host, redirect]));
  memory.ranked = ranked;
  memory.sortedHosts = sortedAfter(memory.sortedHosts, hosts, byHost);
  memory.diagnostics = sortedAfter(memory.diagnostics, diagnostics, byText);
  return {
    rules: { zones: options.zones.toSorted(compareText), hosts: memory.sortedHosts.sorted },
    ours: byName(ours),
    diagnostics: withoutTwins(memory.diagnostics.sorted),
    references: inOneList([...settings.references, ...compiled.flatMap(({ references }) => references)]),
  };
}

function byName(ours: readonly Ranked[]): ReadonlyMap<string, Ingress> {
  const named = new Map<string, Ingress>();
  for (const { name, ingress } of ours) named.set(name, ingress);
  return named;
}

/** What an Ingress asks for, of what its namespace may have. Without the settings of its class it may lack a guard: it is closed. */
function readIngress(ingress: Ingress, settings: ClassSettings | undefined, options: Options, report: Report): Asked {
  reportStrangers(ingress, report);
  const asked = claimsOf(withClassSettings(ingress, settings), options, report);
  const closed = settings?.type === "unread" ? closedFor(asked, settings.because, report) : asked;
  return permitted(withCatchAll(closed), options.permits, report);
}

function closedFor({ owner, claims, hosts }: Asked, because: string, report: Report): Asked {
  const problem = `the settings of its class cannot be read: ${because}`;
  report("RouteClosed", subjectOf(owner.ingress, "spec.ingressClassName"), problem, "until then its paths answer 503");
  const closed = { ...owner, read: { ...owner.read, closedBy: "the settings of its class" } };
  return { owner: closed, hosts, claims: claims.map((claim) => ({ ...claim, owner: closed })) };
}

/** Where each Service of a cluster is reached. */
function addressesIn({ services }: Cluster, { permits }: Options, recall: Recall): (service: Service) => Addressed {
  const origins = originsOf(permits.origins, services);
  return (service) =>
    recall("addressed", service, origins.dependenciesOf(service), () => addressesOf(service, origins.problem));
}

/** An Ingress without rules asks for any host: its default backend takes what no other takes. */
function withCatchAll(asked: Asked): Asked {
  const { rules, defaultBackend } = asked.owner.ingress;
  return rules.length === 0 && defaultBackend ? { ...asked, hosts: [ANY_HOST] } : asked;
}

function reportMalformed({ kind, namespace, name, source, field, problem }: Malformed, report: Report): void {
  const subject = { object: `${kind} ${namespace}/${name}`, source, field };
  report("Malformed", subject, problem, "correct it; until then the object is left out");
}

/** The names of hosts: the same set as before where they come as they came then. */
function setOf(hosts: readonly { readonly host: string }[], before: ReadonlySet<string> = new Set()) {
  const names = before.values();
  const isSame = before.size === hosts.length && hosts.every(({ host }) => names.next().value === host);
  return isSame ? before : new Set(hosts.map(({ host }) => host));
}

/** A redirect as it was in the last round, if it leads where it led. */
function asBefore(redirect: HostRules, before: ReadonlyMap<string, HostRules>): HostRules {
  const other = before.get(redirect.host);
  return other && other.policies.fromToWww?.to === redirect.policies.fromToWww?.to ? other : redirect;
}

function byHost(a: HostRules, b: HostRules): number {
  return compareText(a.host, b.host);
}

function byText(a: Diagnostic, b: Diagnostic): number {
  return compareText(textOf(a), textOf(b));
}

const textOf = onceEach(({ object, field, reason, problem, remedy, source }: Diagnostic) =>
  JSON.stringify([object, field, reason, problem, remedy, source]),
);

/** What is said twice, as of two names of a host, once. The same list for the same. */
const withoutTwins = onceEach((sorted: readonly Diagnostic[]): readonly Diagnostic[] =>
  sorted.filter((diagnostic, index) => {
    const before = sorted[index - 1];
    return !before || before.object !== diagnostic.object || textOf(before) !== textOf(diagnostic);
  }),
);
