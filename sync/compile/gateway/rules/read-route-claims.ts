import { type ConfigMap, nameOf } from "../../../collect/cluster-model.ts";
import type { HttpRoute, HttpRouteMatch } from "../../../collect/gateway/http-route-model.ts";
import { findLimits } from "../../../permits/limits.ts";
import { FULL_HOST } from "../../../permits/model.ts";
import { joinFlat } from "../../../runtime/flat-text.ts";
import { enforcePermits } from "../../claims/enforce-permits.ts";
import type { Report } from "../../diagnostics.ts";
import type { Claim, IngressClaims, IngressConfig } from "../../model.ts";
import type { StageOptions } from "../../options.ts";
import { readAnnotations } from "../../select/annotations.ts";
import { reportUnknownAnnotations } from "../../select/unknown-annotations.ts";
import { buildConditionKey } from "./conditions.ts";
import type { PlannedHost } from "./plan-hosts.ts";
import { addSettings, buildOwner } from "./route-owner.ts";
import { reportHostsOutsideZones } from "./route-zones.ts";
import { findRuleProblems, type RuleProblem } from "./rule-problems.ts";
import { type FindConfigMap, listSettingsReferences, readRuleSettings } from "./rule-settings.ts";

/** An HTTPRoute, and where its rules are served. */
export interface PlacedRoute {
  readonly route: HttpRoute;
  readonly hosts: readonly PlannedHost[];
}

/** A rule with the owner of its claims. */
interface ReadRule {
  readonly owner: IngressConfig;
  readonly ruleIndex: number;
  readonly rejection: string | undefined;
  readonly bytes: number;
}

/**
 * Returns the claims of an HTTPRoute that its namespace may make: each match of a rule on each host is one. A rule with an
 * unsupported value is reported; it is dropped, or requests that match it get 500.
 */
export function readRouteClaims(
  { route, hosts }: PlacedRoute,
  findConfigMap: FindConfigMap,
  options: StageOptions,
  report: Report,
): IngressClaims[] {
  const ingress = buildOwner(route, report);
  reportUnknownAnnotations(ingress, report);
  reportHostsOutsideZones(
    route,
    hosts.filter(({ isInherited }) => !isInherited),
    options,
    report,
  );
  const owner = { ingress, annotations: readAnnotations(ingress, report) };
  const rules = route.rules.flatMap((_, ruleIndex) => readRule(route, ruleIndex, owner, findConfigMap, report));
  const build = (placedHosts: readonly PlannedHost[]): IngressClaims => {
    const claims = placedHosts.flatMap((host) => rules.flatMap((rule) => buildRuleClaims(route, rule, host)));
    const hostClaims = placedHosts.map(({ host }) => ({ host, permit: FULL_HOST }));
    return enforcePermits({ owner, hosts: hostClaims, claims }, options.permits, report);
  };
  const inherited = limitInherited(
    route,
    hosts.filter(({ isInherited }) => isInherited),
    options,
    report,
  );
  const own = build(hosts.filter(({ isInherited }) => !isInherited));
  return inherited.length === 0 ? [own] : [own, { ...build(inherited), isInherited: true }];
}

/** Others choose how many names are below a wildcard, so their number is limited before a claim is built for each. */
function limitInherited(
  route: HttpRoute,
  hosts: readonly PlannedHost[],
  { permits }: StageOptions,
  report: Report,
): readonly PlannedHost[] {
  const matchCount = route.rules.reduce((sum, { matches }) => sum + matches.length, 0);
  const { maxRoutes } = findLimits(permits, route.namespace);
  const maxHosts = Math.floor(maxRoutes / matchCount);
  if (hosts.length <= maxHosts) return hosts;
  const problem = `${hosts.length} hosts of other routes are below its wildcards, more than the ${maxHosts} allowed`;
  report(
    "RouteQuotaExceeded",
    buildRouteSubject(route, "spec.hostnames"),
    problem,
    "split the route into several rules of fewer matches",
  );
  return hosts.slice(0, maxHosts);
}

function readRule(
  route: HttpRoute,
  ruleIndex: number,
  owner: IngressConfig,
  findConfigMap: FindConfigMap,
  report: Report,
): ReadRule[] {
  const rule = route.rules[ruleIndex];
  if (!rule) return [];
  const problems = findRuleProblems(route, ruleIndex);
  for (const problem of problems) reportRuleProblem(route, problem, report);
  if (problems.some(({ effect }) => effect === "dropped")) return [];
  const references = listSettingsReferences(route, rule);
  const settings = readRuleSettings(references, findConfigMap);
  if (!settings.ok) reportSettings(route, ruleIndex, settings.problem, report);
  const [rejection] = [
    ...problems.map(({ field, problem }) => `${field}: ${problem}`),
    ...(settings.ok ? [] : [settings.problem]),
  ];
  const ruleOwner = settings.ok && settings.value.length > 0 ? withSettings(owner, settings.value, report) : owner;
  const { filters, backendRefs } = rule;
  return [{ owner: ruleOwner, ruleIndex, rejection, bytes: JSON.stringify([filters, backendRefs]).length }];
}

/** Returns the owner of a rule with further settings. An unreadable guard in them closes the rule. */
function withSettings(owner: IngressConfig, configMaps: readonly ConfigMap[], report: Report): IngressConfig {
  const ingress = addSettings(owner.ingress, configMaps);
  return { ingress, annotations: readAnnotations(ingress, report) };
}

function buildRuleClaims(route: HttpRoute, readRule: ReadRule, { host, scheme }: PlannedHost): Claim[] {
  const { owner, ruleIndex, rejection, bytes } = readRule;
  const rule = route.rules[ruleIndex];
  if (!rule) return [];
  const object = joinFlat("HTTPRoute ", route.namespace, "/", route.name);
  return rule.matches.map((match, matchIndex) => {
    const conditionKey = buildConditionKey(match, scheme);
    const field = joinFlat("spec.rules[", ruleIndex, "].matches[", matchIndex, "]");
    return {
      owner,
      id: joinFlat(object, "#", ruleIndex, ".", matchIndex),
      host,
      ...readPath(match),
      backend: findOwnService(route, ruleIndex),
      excludedPolicies: NO_POLICIES,
      permit: FULL_HOST,
      subject: { object, source: route.source, field },
      httpRoute: { rule, ruleIndex, match, scheme, conditionKey, rejection, bytes: bytes + conditionKey.length },
    };
  });
}

const NO_POLICIES: Claim["excludedPolicies"] = [];

function readPath({ path: { type, value } }: HttpRouteMatch): Pick<Claim, "type" | "path"> {
  switch (type) {
    case "Exact":
      return { type: "exact", path: value };
    case "RegularExpression":
      return { type: "full-regex", path: value };
    default: // PathPrefix: other types are problems. "/abc/" matches "/abc" too.
      return { type: "prefix", path: value.length > 1 && value.endsWith("/") ? value.slice(0, -1) : value };
  }
}

/** Returns the first Service of the route's namespace, for the variables of policies. */
function findOwnService(route: HttpRoute, ruleIndex: number): Claim["backend"] {
  const reference = route.rules[ruleIndex]?.backendRefs.find(
    ({ kind, namespace = route.namespace }) => kind === "Service" && namespace === route.namespace,
  );
  return reference?.port === undefined ? undefined : { type: "service", name: reference.name, port: reference.port };
}

function reportRuleProblem(route: HttpRoute, { field, problem, effect }: RuleProblem, report: Report): void {
  const remedy = `correct it; until then the rule ${effect === "dropped" ? "is dropped" : "returns 500"}`;
  report("UnsupportedRouteRule", buildRouteSubject(route, field), problem, remedy);
}

function reportSettings(route: HttpRoute, ruleIndex: number, problem: string, report: Report): void {
  const subject = buildRouteSubject(route, `spec.rules[${ruleIndex}].filters`);
  report("UnsupportedRouteRule", subject, problem, "correct the filter ExtensionRef; until then the rule returns 500");
}

function buildRouteSubject(route: HttpRoute, field: string) {
  return { object: `HTTPRoute ${nameOf(route)}`, source: route.source, field };
}
