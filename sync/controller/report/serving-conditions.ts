import { diagnosticReasons, type Reason } from "../../compile/diagnostic-reasons.ts";
import type { Diagnostic } from "../../compile/diagnostics.ts";
import type {
  GatewayStatus,
  GatewayStatuses,
  ListenerStatus,
  StatusCondition,
} from "../../compile/gateway/gateway-compilation.ts";
import type { CompiledCluster } from "../pipeline.ts";
import { ADDRESS_FIELD, formatListenerField } from "./route-owners.ts";

/** A condition of HTTPRoutes. The specification has none for what only a provider knows, such as DNS records. */
const SERVED = "edgress.dev/Served";

/** Errors that the conditions of the specification show already. */
const OTHER_CONDITIONS: readonly Reason[] = [
  "InvalidObject",
  "ReferenceNotPermitted",
  "RouteNotAttached",
  "ServiceNotFound",
  "UnsafeRegex",
  "UnsupportedBackend",
  "UnsupportedRouteRule",
];
/** No request for the host reaches the edge. */
const UNREACHABLE: readonly Reason[] = [
  "ForeignHostRoute",
  "HostChangeRejected",
  "HostQuotaExceeded",
  "HostShadowed",
  "HostZoneInactive",
];
/** Problems of hosts that are warnings, because a request may be answered. */
const HOST_WARNINGS: readonly Reason[] = [...UNREACHABLE, "CertificateNotCovered", "ForeignHostRecord", "HostDrift"];

/**
 * Returns a compiled cluster whose statuses show why rules of HTTPRoutes are not served, and which Gateways and listeners
 * no request reaches. Without such problems, the statuses are the same object.
 */
export function withServingConditions(compiled: CompiledCluster): CompiledCluster {
  const { compilation } = compiled;
  const isKnown = ({ object, reason }: Diagnostic) =>
    /^(?:HTTPRoute|Gateway|ListenerSet) /.test(object) && isShown(reason);
  const problems = Map.groupBy(compilation.diagnostics.filter(isKnown), ({ object }) => object);
  if (problems.size === 0) return compiled;
  return { ...compiled, compilation: { ...compilation, gateway: applyProblems(compilation.gateway, problems) } };
}

function isShown(reason: Reason): boolean {
  const isError = diagnosticReasons[reason].severity === "error";
  return HOST_WARNINGS.includes(reason) || (isError && !OTHER_CONDITIONS.includes(reason));
}

type Problems = ReadonlyMap<string, readonly Diagnostic[]>; // by object

// The last result for the statuses of a compilation, because the report skips objects whose statuses are the same object.
const lastResults = new WeakMap<GatewayStatuses, { readonly key: string; readonly result: GatewayStatuses }>();

function applyProblems(statuses: GatewayStatuses, problems: Problems): GatewayStatuses {
  const key = JSON.stringify([...problems]);
  const last = lastResults.get(statuses);
  if (last?.key === key) return last.result;
  const find = (kind: string, { namespace, name }: { readonly namespace: string; readonly name: string }) =>
    problems.get(`${kind} ${namespace}/${name}`) ?? [];
  const result: GatewayStatuses = {
    ...statuses,
    gateways: statuses.gateways.map((status) => withUnreachable(status, find("Gateway", status))),
    listenerSets: statuses.listenerSets.map((status) => withUnreachable(status, find("ListenerSet", status))),
    httpRoutes: statuses.httpRoutes.map((status) => {
      const served = describeServed(find("HTTPRoute", status));
      if (!served) return status;
      const parents = status.parents.map((parent) => ({ ...parent, conditions: [...parent.conditions, served] }));
      return { ...status, parents };
    }),
  };
  lastResults.set(statuses, { key, result });
  return result;
}

function describeServed(problems: readonly Diagnostic[]): StatusCondition | undefined {
  const [first] = problems;
  if (!first) return undefined;
  const message = [...new Set(problems.map(formatProblem))].join("; ");
  return { type: SERVED, status: "False", reason: first.reason, message };
}

function formatProblem({ field, problem, ownerProblem = problem, remedy }: Diagnostic): string {
  return `${field}: ${ownerProblem}; ${remedy}`;
}

/** Returns a status without "Programmed" where the host of a listener, or the address of a Gateway, gets no requests. */
function withUnreachable(status: GatewayStatus, problems: readonly Diagnostic[]): GatewayStatus {
  const unreachable = problems.filter(({ reason }) => UNREACHABLE.includes(reason));
  if (unreachable.length === 0) return status;
  const listeners = status.listeners.map((listener): ListenerStatus => {
    const problem = unreachable.find(({ field }) => field === formatListenerField(listener.name));
    if (!problem) return listener;
    return { ...listener, conditions: revoke(listener.conditions, "Invalid", formatProblem(problem)) };
  });
  const address = unreachable.find(({ field }) => field === ADDRESS_FIELD);
  const conditions = address
    ? revoke(status.conditions, "AddressNotUsable", formatProblem(address))
    : status.conditions;
  const isServed = listeners.some((listener) => listener.conditions.some(isProgrammed));
  const noListener = "no listener is programmed; see the conditions of the listeners";
  return { ...status, listeners, conditions: isServed ? conditions : revoke(conditions, "Invalid", noListener) };
}

function revoke(conditions: readonly StatusCondition[], reason: string, message: string): StatusCondition[] {
  return conditions.map((condition) =>
    isProgrammed(condition) ? { ...condition, status: "False", reason, message } : condition,
  );
}

function isProgrammed({ type, status }: StatusCondition): boolean {
  return type === "Programmed" && status === "True";
}
