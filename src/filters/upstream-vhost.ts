import type { Filter } from "../request/filter.ts";
import { expandVariables } from "../request/nginx-variables.ts";
import { findZone } from "../rules/hosts.ts";
import type { SettingsOf } from "../rules/policies/index.ts";
import { mayNameHost } from "../rules/policies/permitted-host.ts";

const HOST_NAME = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/;

/**
 * Sets the Host header for the origin, if it is in the zone of the client's host and the namespace may claim it.
 * Cloudflare sends no host of another zone.
 */
export function upstreamVhost({ host, permitted }: SettingsOf<"upstreamVhost">): Filter {
  return async (exchange, next) => {
    const originHost = expandVariables(host, exchange).toLowerCase();
    const zone = HOST_NAME.test(originHost) ? findZone(originHost, exchange.zones) : undefined;
    const canBeSent = zone !== undefined && zone === findZone(exchange.host, exchange.zones);
    const isPermitted = mayNameHost(originHost, exchange.host, permitted);
    return next(canBeSent && isPermitted ? { ...exchange, originHost } : exchange);
  };
}
