import { CATCH_ALL_HOST, parseHost } from "../../../../src/rules/hosts.ts";
import type { GatewayListener } from "../../../collect/gateway/gateway-model.ts";
import type { UnsupportedField } from "../../../collect/gateway/http-route-model.ts";
import type { ListenerScheme } from "../gateway-compilation.ts";
import type { ConditionProblem, ListenerSecret, RouteKind } from "../judged-gateways.ts";
import { HTTP_ROUTE } from "../route-kinds.ts";
import { type CertificateSources, judgeCertificates, type ListenerOwner } from "./listener-certificates.ts";

/** The protocols that the edge serves, each on one port. */
const SERVED_PROTOCOLS: ReadonlyMap<string, { readonly scheme: ListenerScheme; readonly port: number }> = new Map([
  ["HTTP", { scheme: "http", port: 80 }],
  ["HTTPS", { scheme: "https", port: 443 }],
]);

/** The verdict on a listener, independent of all other listeners. */
export interface ListenerVerdict {
  readonly hostname: string;
  readonly scheme: ListenerScheme | undefined;
  readonly supportedKinds: readonly RouteKind[];
  readonly rejection: ConditionProblem | undefined;
  readonly unresolved: ConditionProblem | undefined;
  /** Why requests do not reach the listener, if it has no conflict. */
  readonly unprogrammed: ConditionProblem | undefined;
  /** The Secrets of an HTTPS listener. */
  readonly secrets: readonly ListenerSecret[];
}

/** Judges the fields and references of a listener. */
export function judgeListener(
  listener: GatewayListener,
  owner: ListenerOwner,
  unsupportedFields: readonly UnsupportedField[],
  sources: CertificateSources,
): ListenerVerdict {
  const served = SERVED_PROTOCOLS.get(listener.protocol);
  const hostname = parseHost(listener.hostname);
  const unknownKinds = listUnknownKinds(listener);
  const supportedKinds = served === undefined || !allowsHttpRoutes(listener) ? [] : [HTTP_ROUTE];
  const rejection = findRejection(listener, unsupportedFields);
  const tls = served?.scheme === "https" && !rejection ? judgeCertificates(listener.tls, owner, sources) : undefined;
  const unresolved = tls?.unresolved ?? describeUnknownKinds(unknownKinds);
  const isUsable = supportedKinds.length > 0 && tls?.isUsable !== false && !rejection;
  return {
    hostname: hostname.ok ? hostname.value : CATCH_ALL_HOST,
    scheme: served?.scheme,
    supportedKinds,
    rejection,
    unresolved: served === undefined ? undefined : unresolved,
    secrets: tls?.secrets ?? [],
    unprogrammed: isUsable ? undefined : (tls?.unconfigured ?? describeInvalid(rejection ?? unresolved)),
  };
}

function describeInvalid(cause: ConditionProblem | undefined): ConditionProblem {
  return {
    reason: "Invalid",
    message: cause?.message ?? "the listener allows no kind of route",
    remedy: cause?.remedy ?? "set allowedRoutes.kinds",
  };
}

/** Returns why a listener is not accepted, apart from conflicts. */
function findRejection(
  listener: GatewayListener,
  unsupportedFields: readonly UnsupportedField[],
): ConditionProblem | undefined {
  const served = SERVED_PROTOCOLS.get(listener.protocol);
  if (served === undefined) {
    const message = `protocol ${listener.protocol} is not supported`;
    return { reason: "UnsupportedProtocol", message, remedy: "use HTTP or HTTPS" };
  }
  const field = unsupportedFields.find(({ field }) => affectsScheme(field, served.scheme));
  if (field !== undefined)
    return { reason: "UnsupportedValue", message: `${field.field}: ${field.problem}`, remedy: "remove the field" };
  const hostname = parseHost(listener.hostname);
  if (!hostname.ok)
    return { reason: "UnsupportedValue", message: `hostname: ${hostname.problem}`, remedy: "correct hostname" };
  if (listener.tls && served.scheme === "https" && listener.tls.mode !== "Terminate") {
    return {
      reason: "UnsupportedValue",
      message: `tls.mode ${listener.tls.mode} is not supported`,
      remedy: "use Terminate",
    };
  }
  if (listener.port === served.port) return undefined;
  const message = `port ${listener.port} is not available for ${listener.protocol}`;
  return { reason: "PortUnavailable", message, remedy: `use port ${served.port}` };
}

/** Validation of client certificates concerns HTTPS only; a listener without it would admit every client. */
function affectsScheme(field: string, scheme: ListenerScheme): boolean {
  return scheme === "https" || !field.startsWith("spec.tls.frontend");
}

function allowsHttpRoutes({ allowedKinds }: GatewayListener): boolean {
  return allowedKinds === undefined || allowedKinds.some(isHttpRoute);
}

function listUnknownKinds({ allowedKinds = [] }: GatewayListener): readonly RouteKind[] {
  return allowedKinds.filter((kind) => !isHttpRoute(kind));
}

function isHttpRoute({ group, kind }: RouteKind): boolean {
  return group === HTTP_ROUTE.group && kind === HTTP_ROUTE.kind;
}

function describeUnknownKinds([first]: readonly RouteKind[]): ConditionProblem | undefined {
  if (first === undefined) return undefined;
  const message = `allowedRoutes.kinds: ${first.kind} of group "${first.group}" is not supported`;
  return { reason: "InvalidRouteKinds", message, remedy: "use HTTPRoute" };
}
