import type { Exchange } from "../request/exchange.ts";
import type { Filter } from "../request/filter.ts";
import { UPGRADE_HEADERS } from "../rules/edge-headers.ts";
import type { SettingsOf } from "../rules/policies/index.ts";

const WITHOUT_UPGRADE = UPGRADE_HEADERS.map((name) => [name, undefined] as const);

/** Forwards to the default backend instead of the path's own, with headers about the request and without an upgrade. */
export function defaultBackend(settings: SettingsOf<"defaultBackend">): Filter {
  return async (exchange, next) => {
    const originHeaders = [
      ...exchange.originHeaders,
      ...WITHOUT_UPGRADE,
      ...buildFailureHeaders(exchange, 503, settings),
    ];
    return next({ ...exchange, backend: settings.backend, originHeaders });
  };
}

/** Returns the headers about the original request for a default backend. */
export function buildFailureHeaders(
  { request, id, labels }: Exchange,
  code: number,
  { service, port }: { readonly service: string; readonly port: string },
): Exchange["originHeaders"] {
  const headers: [string, string][] = [
    ["X-Code", String(code)],
    ["X-Format", request.headers.get("Accept") ?? ""],
    ["X-Namespace", labels.namespace],
    ["X-Ingress-Name", labels.ingress],
    ["X-Service-Name", service],
    ["X-Service-Port", port],
    ["X-Request-ID", id],
  ];
  // nginx does not send headers without a value, and drops the client's of the same name.
  return headers.map(([name, value]) => [name, value === "" ? undefined : value]);
}
