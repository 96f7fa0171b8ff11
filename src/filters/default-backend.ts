import type { Exchange } from "../request/exchange.ts";
import type { Filter } from "../request/filter.ts";
import type { SettingsOf } from "../rules/policies/index.ts";

/** Has the default backend asked in place of the path's own, and tells it so. */
export function defaultBackend(settings: SettingsOf<"defaultBackend">): Filter {
  return async (exchange, next) => {
    const originHeaders = [...exchange.originHeaders, ...buildFailureHeaders(exchange, 503, settings)];
    return next({ ...exchange, backend: settings.backend, originHeaders });
  };
}

/** What a default backend is told of the request that it stands in for. */
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
  // nginx sends no header that has no value, and not the client's of the name either.
  return headers.map(([name, value]) => [name, value === "" ? undefined : value]);
}
