import type { Filter } from "../request/filter.ts";
import { expandVariables } from "../request/nginx-variables.ts";
import { findZone } from "../rules/hosts.ts";
import type { SettingsOf } from "../rules/policies/index.ts";

const HOST_NAME = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/;

/** Asks the origin with another Host, as far as Cloudflare sends it: in the zone of the client's host. */
export function upstreamVhost({ host }: SettingsOf<"upstreamVhost">): Filter {
  return async (exchange, next) => {
    const originHost = expandVariables(host, exchange).toLowerCase();
    const zone = HOST_NAME.test(originHost) ? findZone(originHost, exchange.zones) : undefined;
    const canBeSent = zone !== undefined && zone === findZone(exchange.host, exchange.zones);
    return next(canBeSent ? { ...exchange, originHost } : exchange);
  };
}
