import type { Filter } from "../request/filter.ts";
import { expandVariables } from "../request/nginx-variables.ts";
import { findZone } from "../rules/hosts.ts";
import type { SettingsOf } from "../rules/policies/index.ts";

const HOST_NAME = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/;

/** Sets the Host header for the origin, if it is in the zone of the client's host. Cloudflare sends no other. */
export function upstreamVhost({ host }: SettingsOf<"upstreamVhost">): Filter {
  return async (exchange, next) => {
    const originHost = expandVariables(host, exchange).toLowerCase();
    const zone = HOST_NAME.test(originHost) ? findZone(originHost, exchange.zones) : undefined;
    const canBeSent = zone !== undefined && zone === findZone(exchange.host, exchange.zones);
    return next(canBeSent ? { ...exchange, originHost } : exchange);
  };
}
