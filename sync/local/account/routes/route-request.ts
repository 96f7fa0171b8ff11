import { normalizeHost } from "../../../../src/rules/hosts.ts";
import type { AccountDnsSettings } from "../dns/dns-settings.ts";
import type { LocalRecord } from "../dns/record-model.ts";
import { findAnsweringRecords } from "../dns/resolve-name.ts";
import type { ZoneStore } from "../zones/zone-store.ts";
import type { DomainStore } from "./domain-store.ts";
import type { RouteStore } from "./route-store.ts";

/** What Cloudflare does with a request. */
export type RequestRouting =
  /** A Worker answers. */
  | { readonly kind: "worker"; readonly script: string }
  /** The request goes to the content of the proxied record. */
  | { readonly kind: "origin" }
  /** No proxied record answers for the host, so that the request does not reach Cloudflare. */
  | { readonly kind: "unserved" };

export interface RoutingContext {
  readonly zoneStore: ZoneStore;
  readonly routes: RouteStore;
  readonly domains: DomainStore;
  readonly dnsSettings: AccountDnsSettings;
  readonly records: (zone: string) => readonly LocalRecord[];
  readonly hasScript: (name: string) => boolean;
}

/** Decides on a request by its zone, record, route and custom domain. A route wins over a custom domain. */
export function routeRequest(url: URL, context: RoutingContext): RequestRouting {
  const host = normalizeHost(url.hostname);
  const zone = context.zoneStore.findActive(host);
  if (!zone || zone.paused || !isProxied(host, zone.name, context)) return { kind: "unserved" };
  const route = context.routes.find(zone.name, url);
  const script = route ? route.script : context.domains.find(host)?.service;
  return script !== undefined && context.hasScript(script) ? { kind: "worker", script } : { kind: "origin" };
}

function isProxied(host: string, zone: string, { records, domains, dnsSettings }: RoutingContext): boolean {
  if (dnsSettings.enforceDnsOnly) return domains.find(host) !== undefined; // the only records that it spares
  return findAnsweringRecords(host, records(zone), zone).some(({ proxied }) => proxied);
}
