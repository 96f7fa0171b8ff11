import type { HttpRoute, HttpRouteFilter } from "../../../collect/gateway/http-route-model.ts";
import type { RouteRuleProblem } from "../gateway-compilation.ts";
import { namesSettings } from "./rule-settings.ts";

/** A rule with a value that is not supported. */
export interface RuleProblem {
  readonly reason: "UnsupportedValue" | "IncompatibleFilters";
  readonly field: string;
  readonly problem: string;
  /** "dropped": no request can be matched. "closed": requests that match get 500, because a filter must not be skipped. */
  readonly effect: "dropped" | "closed";
}

/** Returns the problems of a rule that depend only on the route. */
export function findRuleProblems(route: HttpRoute, ruleIndex: number): readonly RuleProblem[] {
  const rule = route.rules[ruleIndex];
  const field = `spec.rules[${ruleIndex}]`;
  const unsupportedFields = route.unsupportedFields.filter((unsupported) => unsupported.field.startsWith(`${field}.`));
  return [
    ...unsupportedFields.map((unsupported): RuleProblem => {
      const effect = unsupported.field.startsWith(`${field}.matches`) ? "dropped" : "closed";
      return { reason: "UnsupportedValue", ...unsupported, effect };
    }),
    ...(rule?.filters ?? []).flatMap((filter, index) =>
      findFilterProblem(filter, `${field}.filters[${index}]`, namesSettings(filter)),
    ),
    ...(rule?.backendRefs ?? []).flatMap(({ filters }, index) =>
      filters.flatMap((filter, position) =>
        findFilterProblem(filter, `${field}.backendRefs[${index}].filters[${position}]`, false),
      ),
    ),
  ];
}

/** Returns a problem as a part of the status. */
export function describeRuleProblem({ reason, field, problem }: RuleProblem, droppedRule: number): RouteRuleProblem {
  return { condition: "Accepted", reason, message: problem, field, droppedRule };
}

/** Returns the problem of a filter whose type is known, and that the edge cannot apply. */
function findFilterProblem(
  { type, extensionRef, externalAuth }: HttpRouteFilter,
  field: string,
  isSettings: boolean,
): RuleProblem[] {
  const build = (problem: string): RuleProblem[] => [{ reason: "UnsupportedValue", field, problem, effect: "closed" }];
  if (type === "ExtensionRef" && extensionRef && !isSettings)
    return build(`expected a ConfigMap in a filter of a rule, got ${extensionRef.kind} ${extensionRef.name}`);
  if (type === "ExternalAuth" && externalAuth && externalAuth.protocol === "GRPC")
    return build("a Worker cannot call gRPC services; expected protocol HTTP");
  return [];
}
