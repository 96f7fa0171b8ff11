import type { ParsedListener } from "./gateway-schemas.ts";
import type { UnsupportedField } from "./http-route-model.ts";
import { unsupportedValue } from "./unsupported-values.ts";

const ALLOWED_FROM = ["Same", "All", "Selector", "None"];
const PROTOCOLS_WITHOUT_TLS = ["HTTP", "TCP", "UDP"];

/** The parts of a Gateway or ListenerSet that are checked. */
interface CheckedSpec {
  readonly listeners: readonly ParsedListener[];
  readonly allowedListeners?: { readonly namespaces: { readonly from: string } } | undefined;
  readonly tls?: { readonly frontend?: boolean | undefined; readonly backend?: boolean | undefined } | undefined;
}

/** Lists values that the API server would refuse, and fields that must not be ignored. */
export function listUnsupportedGatewayFields({ listeners, allowedListeners, tls }: CheckedSpec): UnsupportedField[] {
  return [
    ...listeners.flatMap((listener, index) => checkListener(listener, `spec.listeners[${index}]`)),
    ...checkFrom(allowedListeners?.namespaces.from, "spec.allowedListeners.namespaces.from"),
    ...(tls?.frontend
      ? [unsupportedValue("spec.tls.frontend", "client certificates are not verified by a Gateway; remove the field")]
      : []),
    ...(tls?.backend
      ? [unsupportedValue("spec.tls.backend", "the edge has no client certificate for Services; remove the field")]
      : []),
  ];
}

function checkListener({ protocol, tls, hostname, allowedFrom }: ParsedListener, field: string): UnsupportedField[] {
  const problems = checkFrom(allowedFrom, `${field}.allowedRoutes.namespaces.from`);
  if (tls && PROTOCOLS_WITHOUT_TLS.includes(protocol))
    problems.push(unsupportedValue(`${field}.tls`, `expected no tls with protocol ${protocol}`));
  if (hostname && (protocol === "TCP" || protocol === "UDP"))
    problems.push(unsupportedValue(`${field}.hostname`, `expected no hostname with protocol ${protocol}`));
  if (tls && protocol === "HTTPS" && tls.mode !== "Terminate")
    problems.push(unsupportedValue(`${field}.tls.mode`, `expected Terminate with protocol HTTPS, got "${tls.mode}"`));
  return problems;
}

function checkFrom(from: string | undefined, field: string): UnsupportedField[] {
  if (from === undefined || ALLOWED_FROM.includes(from)) return [];
  return [unsupportedValue(field, `expected ${ALLOWED_FROM.join(", ")}, got "${from}"`)];
}
