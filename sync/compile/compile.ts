import { ANY_HOST } from "../../src/rules/hosts.ts";
import { compareText } from "../../src/rules/order.ts";
import type { HostRules, Rules } from "../../src/rules/snapshot.ts";
import type { Cluster, Ingress, Malformed, Reference, Service } from "../collect/cluster.ts";
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
import { forgetOthers, isSameCluster, type Memory, newMemory, type Recall, recallFrom, sortedAfter } from "./memory.ts";
import { withNames } from "./names.ts";
import type { Options } from "./options.ts";
import { originsOf } from "./origins.ts";
import { permitted } from "./permitted.ts";
import { routesUsed, withinRoutes } from "./route-limit.ts";
import { type Ranked, rankedIn } from "./select.ts";
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
  const ours = rankedIn(cluster, options, recall);
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
  const { plans: named, redirects, secure } = withNames(granted, options, routesUsed(all, options.permits), report);
  const plans = withRest(named, redirects);
  const world: World = {
    cluster,
    served: new Set([...plans, ...redirects].map(({ host }) => host)),
    secure: new Set([...secureHosts(asked), ...secure]),
    canaries: canariesOf(all.filter(isCanary), granted, report),
  };
  const lookUp = lookUpIn(world, addressesIn(cluster, options, recall));
  const before = { hosts: memory.hosts, findsTheSame: memory.world !== undefined && findSame(memory.world, world) };
  const compiled = compileHosts(plans, before, lookUp, options);
  for (const one of compiled) one.diagnostics.forEach((diagnostic) => void diagnostics.push(diagnostic));
  const sentOn = redirects.map((redirect) => asBefore(redirect, memory.redirects));
  const hosts = withRedirects(
    compiled.map(({ rules }) => rules),
    sentOn,
    recall,
  );
  reportNeedless(asked, diagnostics, report);

  memory.grants = grants;
  memory.world = world;
  memory.hosts = new Map(compiled.map((one) => [one.plan.host, one]));
  memory.redirects = new Map(sentOn.map((redirect) => [redirect.host, redirect]));
  memory.sortedHosts = sortedAfter(memory.sortedHosts, hosts, byHost);
  memory.sortedDiagnostics = inOrder(diagnostics, memory.sortedDiagnostics);
  return {
    rules: { zones: options.zones.toSorted(compareText), hosts: memory.sortedHosts },
    ours: byName(ours),
    diagnostics: withoutTwins(memory.sortedDiagnostics),
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
  const origins = originsOf(permits.origins, services, recall);
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

/** A redirect as it was in the last round, if it leads where it led. */
function asBefore(redirect: HostRules, before: ReadonlyMap<string, HostRules>): HostRules {
  const other = before.get(redirect.host);
  return other && other.policies.fromToWww?.to === redirect.policies.fromToWww?.to ? other : redirect;
}

function byHost(a: HostRules, b: HostRules): number {
  return compareText(a.host, b.host);
}

/** Diagnostics by what they are put in order by, which is known already of those that were there `before`. */
function inOrder(
  diagnostics: readonly Diagnostic[],
  before: ReadonlyMap<Diagnostic, string>,
): ReadonlyMap<Diagnostic, string> {
  const keys = new Map(diagnostics.map((diagnostic) => [diagnostic, before.get(diagnostic) ?? keyOf(diagnostic)]));
  const keyFor = (diagnostic: Diagnostic) => keys.get(diagnostic) ?? "";
  const sorted = sortedAfter([...before.keys()], diagnostics, (a, b) => compareText(keyFor(a), keyFor(b)));
  return new Map(sorted.map((diagnostic) => [diagnostic, keyFor(diagnostic)]));
}

function withoutTwins(sorted: ReadonlyMap<Diagnostic, string>): Diagnostic[] {
  let last: string | undefined;
  return [...sorted].flatMap(([diagnostic, key]) => {
    const isTwin = key === last;
    last = key;
    return isTwin ? [] : [diagnostic];
  });
}

function keyOf({ object, field, reason, problem, remedy, source }: Diagnostic): string {
  return JSON.stringify([object, field, reason, problem, remedy, source]);
}
