import { ANY_HOST } from "../../src/rules/hosts.ts";
import { compareText } from "../../src/rules/order.ts";
import type { Rules } from "../../src/rules/snapshot.ts";
import type { Cluster, Malformed } from "../collect/cluster.ts";
import { resolver } from "./backends.ts";
import { canariesOf, isCanary } from "./canaries.ts";
import { checkCertificates } from "./certificates.ts";
import { type Asked, claimsOf } from "./claims.ts";
import { reportNeedless } from "./degraded.ts";
import type { Diagnostic, Report } from "./diagnostic.ts";
import { grant } from "./grant.ts";
import { compileHost, secureHosts } from "./host.ts";
import { withRedirects, withRest } from "./lodgers.ts";
import { lookupsOf } from "./lookups.ts";
import { withNames } from "./names.ts";
import type { Options } from "./options.ts";
import { originProblems } from "./origins.ts";
import { permitted } from "./permitted.ts";
import { routesUsed, withinRoutes } from "./route-limit.ts";
import { select } from "./select.ts";
import { reportStrangers } from "./strangers.ts";

export interface Compiled {
  readonly rules: Rules;
  /** Each once, in an order that depends on nothing but the cluster. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Compiles a cluster into rules. It never throws: what cannot be compiled is left out and reported, and costs nothing but
 * itself. The order in which objects come does not matter.
 */
export function compile(cluster: Cluster, options: Options): Compiled {
  const diagnostics: Diagnostic[] = [];
  const report: Report = (reason, subject, problem, remedy) =>
    diagnostics.push({ reason, ...subject, problem, remedy });

  cluster.malformed.forEach((object) => void reportMalformed(object, report));
  const ours = select(cluster, options, report);
  for (const ingress of ours) reportStrangers(ingress, report);
  const claimed = ours
    .map((ingress) => withCatchAll(claimsOf(ingress, options, report)))
    .map((one) => permitted(one, options.permits, report));
  const all = withinRoutes(claimed, options.permits, report);
  const asked = all.filter((one) => !isCanary(one));
  checkCertificates(
    asked.map(({ owner }) => owner.ingress),
    cluster.secrets,
    report,
  );
  const granted = grant(asked, report);
  const { plans: named, redirects, secure } = withNames(granted, options, routesUsed(all), report);
  const plans = withRest(named, redirects);
  const served = new Set([...plans, ...redirects].map(({ host }) => host));
  const resolve = resolver(cluster.services, originProblems(options.permits.origins, cluster.services));
  const lookups = lookupsOf(cluster, resolve, served, options);
  const surroundings = {
    secure: new Set([...secureHosts(asked), ...secure]),
    canaries: canariesOf(all.filter(isCanary), granted, report),
    lookups,
    inspect: options.inspect,
    report,
  };
  const compiled = plans.map((plan) => compileHost(plan, surroundings));
  const hosts = withRedirects(compiled, redirects).toSorted((a, b) => compareText(a.host, b.host));
  reportNeedless(asked, diagnostics, report);
  return { rules: { zones: options.zones.toSorted(compareText), hosts }, diagnostics: inOrder(diagnostics) };
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

function inOrder(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const keyed = new Map(diagnostics.map((diagnostic) => [keyOf(diagnostic), diagnostic]));
  return [...keyed].toSorted(([a], [b]) => compareText(a, b)).map(([, diagnostic]) => diagnostic);
}

function keyOf({ object, field, reason, problem, remedy, source }: Diagnostic): string {
  return JSON.stringify([object, field, reason, problem, remedy, source]);
}
