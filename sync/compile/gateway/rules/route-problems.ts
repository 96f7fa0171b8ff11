import type { BackendReference, HttpRoute, HttpRouteRule } from "../../../collect/gateway/http-route-model.ts";
import type { ClusterIndex } from "../../backends/cluster-index.ts";
import { judgeRegex } from "../../hosts/host-compilation.ts";
import { buildFullRegex } from "../../hosts/regex.ts";
import type { RouteRuleProblem } from "../gateway-compilation.ts";
import { findConfigMapIn } from "./find-config-map.ts";
import { describeRuleProblem, findRuleProblems } from "./rule-problems.ts";
import { listSettingsReferences, readRuleSettings } from "./rule-settings.ts";
import { followReference } from "./service-reference.ts";

/** Returns what the rules of a route lack, for its status. */
export function findRouteProblems(route: HttpRoute, index: ClusterIndex): readonly RouteRuleProblem[] {
  return route.rules.flatMap((rule, ruleIndex) => {
    const field = `spec.rules[${ruleIndex}]`;
    return [
      ...findRuleProblems(route, ruleIndex).map((problem) => describeRuleProblem(problem, ruleIndex)),
      ...findRegexProblems(rule, ruleIndex, index),
      ...findSettingsProblems(route, ruleIndex, index),
      ...listReferences(rule, field).flatMap((entry) => findReferenceProblem(entry, route, index)),
    ];
  });
}

/** Returns every reference of a rule of a route to a Service. */
export function listServiceReferences({ rules }: HttpRoute, ruleIndex: number): readonly BackendReference[] {
  const rule = rules[ruleIndex];
  const references = rule ? listReferences(rule, "").map(({ reference }) => reference) : [];
  return references.filter(({ group, kind }) => group === "" && kind === "Service");
}

/** A rule is dropped if one of its regexes is refused. */
function findRegexProblems(rule: HttpRouteRule, ruleIndex: number, index: ClusterIndex): RouteRuleProblem[] {
  return rule.matches.flatMap(({ path, headers, queryParams }, matchIndex) => {
    const patterns = [path, ...headers, ...queryParams].filter(({ type }) => type === "RegularExpression");
    return patterns.flatMap(({ value }): RouteRuleProblem[] => {
      const regex = buildFullRegex(value, (pattern) => judgeRegex(pattern, index));
      if (regex.ok) return [];
      const field = `spec.rules[${ruleIndex}].matches[${matchIndex}]`;
      const message = `regex ${value}: ${regex.problem}`;
      return [{ condition: "Accepted", reason: "UnsupportedValue", message, field, droppedRule: ruleIndex }];
    });
  });
}

function findSettingsProblems(route: HttpRoute, ruleIndex: number, index: ClusterIndex): RouteRuleProblem[] {
  const rule = route.rules[ruleIndex];
  const references = rule ? listSettingsReferences(route, rule) : [];
  const settings = readRuleSettings(references, findConfigMapIn(index));
  if (settings.ok) return [];
  const field = `spec.rules[${ruleIndex}].filters`;
  return [{ condition: "ResolvedRefs", reason: "InvalidExtensionRef", message: settings.problem, field }];
}

interface PlacedReference {
  readonly reference: BackendReference;
  readonly field: string;
}

/** Returns every reference of a rule to a Service: backends, mirrors and services of external authentication. */
function listReferences(rule: HttpRouteRule, field: string): PlacedReference[] {
  const listInFilters = (filters: HttpRouteRule["filters"], filtersField: string) =>
    filters.flatMap(({ requestMirror, externalAuth }, index) => {
      const reference = requestMirror?.backendRef ?? externalAuth?.backendRef;
      return reference ? [{ reference, field: `${filtersField}.filters[${index}]` }] : [];
    });
  return [
    ...rule.backendRefs.flatMap((reference, index) => {
      const referenceField = `${field}.backendRefs[${index}]`;
      return [{ reference, field: referenceField }, ...listInFilters(reference.filters, referenceField)];
    }),
    ...listInFilters(rule.filters, field),
  ];
}

function findReferenceProblem(
  { reference, field }: PlacedReference,
  { namespace, hostnames }: HttpRoute,
  index: ClusterIndex,
): RouteRuleProblem[] {
  const found = followReference(reference, namespace, index, hostnames[0] ?? "");
  if (found.ok) return [];
  return [{ condition: "ResolvedRefs", reason: found.reason, message: found.problem, field }];
}
