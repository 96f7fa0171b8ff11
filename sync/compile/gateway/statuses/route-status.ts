import { compareText } from "../../../../src/rules/compare-text.ts";
import { CATCH_ALL_HOST, findZone } from "../../../../src/rules/hosts.ts";
import type { HttpRouteStatus, RouteRuleProblem, StatusCondition } from "../gateway-compilation.ts";
import type { ConditionProblem, JudgedParent, JudgedRoute } from "../judged-gateways.ts";
import { buildCondition } from "./conditions.ts";
import { identify } from "./gateway-status.ts";

/** Returns the status of a route. `zones` are the domains of the account. */
export function buildRouteStatus(
  judged: JudgedRoute,
  problems: readonly RouteRuleProblem[],
  zones: readonly string[],
): HttpRouteStatus {
  const rejection = findRouteRejection(judged, problems);
  const conditions = [
    buildCondition("ResolvedRefs", describeUnresolved(problems)),
    ...(rejection ? [] : describeDroppedRules(problems)),
    ...describeHosts(judged, zones),
  ];
  return {
    ...identify(judged.route),
    parents: judged.parents.map((parent) => ({
      parentRef: parent.parentRef,
      conditions: [buildCondition("Accepted", parent.rejection ?? rejection), ...conditions],
    })),
  };
}

/** Returns the listeners that count a route: those that take it, unless the route itself is rejected. */
export function listCountingListeners(judged: JudgedRoute, problems: readonly RouteRuleProblem[]): ReadonlySet<string> {
  if (findRouteRejection(judged, problems)) return new Set();
  return new Set(judged.parents.flatMap(({ listenerKeys }: JudgedParent) => listenerKeys));
}

/** A route is rejected if a field outside its rules is unsupported, or if none of its rules is served. */
function findRouteRejection(
  { route, rejection }: JudgedRoute,
  problems: readonly RouteRuleProblem[],
): ConditionProblem | undefined {
  if (rejection) return rejection;
  const dropped = listDroppedRules(problems);
  const [first] = dropped;
  if (first === undefined || dropped.length < route.rules.length) return undefined;
  return { reason: first.reason, message: `${first.field}: ${first.message}`, remedy: "" };
}

/** Returns the first problem of each rule that is not served, in their order. */
function listDroppedRules(problems: readonly RouteRuleProblem[]): readonly RouteRuleProblem[] {
  const byRule = new Map(problems.toReversed().map((problem) => [problem.droppedRule, problem]));
  byRule.delete(undefined);
  return [...byRule].toSorted(([a = 0], [b = 0]) => a - b).map(([, problem]) => problem);
}

function describeDroppedRules(problems: readonly RouteRuleProblem[]): StatusCondition[] {
  const dropped = listDroppedRules(problems);
  if (dropped.length === 0) return [];
  const message = dropped.map(({ droppedRule, field, message }) => `Dropped Rule ${droppedRule}: ${field}: ${message}`);
  return [{ type: "PartiallyInvalid", status: "True", reason: "UnsupportedValue", message: message.join("; ") }];
}

function describeUnresolved(problems: readonly RouteRuleProblem[]): ConditionProblem | undefined {
  const unresolved = problems.find(({ condition }) => condition === "ResolvedRefs");
  return unresolved && { reason: unresolved.reason, message: `${unresolved.field}: ${unresolved.message}`, remedy: "" };
}

/** Hosts outside the account are valid, but Cloudflare sends no request for them. */
function describeHosts({ attached }: JudgedRoute, zones: readonly string[]): StatusCondition[] {
  const hosts = new Set(attached?.attachments.flatMap(({ hostnames }) => hostnames));
  const foreign = [...hosts].filter((host) => host !== CATCH_ALL_HOST && findZone(host, zones) === undefined);
  if (foreign.length === 0) return [];
  const names = foreign.toSorted(compareText).join(", ");
  const message = `not in a zone of the account: ${names}; add the domain to Cloudflare, or remove the hostname`;
  return [{ type: "edgress.dev/HostsInZone", status: "False", reason: "HostNotInZone", message }];
}
