import { compareText } from "../../../src/rules/compare-text.ts";
import { CATCH_ALL_HOST, findZone } from "../../../src/rules/hosts.ts";
import type { HostRules } from "../../../src/rules/snapshot.ts";
import { parseNamespace } from "../../../src/rules/storage/route-id.ts";
import { memoize } from "../../incremental/memoize.ts";
import type { WantedHost } from "./model.ts";

/**
 * Returns the hosts of rules by the zone that serves them: the longest one. The catch-all host has no name. A record and a
 * route of `*.x` cover any number of labels, so the names `*.x` and `**.x` of rules are one.
 */
export function groupHostsByZone(
  hosts: readonly HostRules[],
  zones: readonly string[],
): ReadonlyMap<string, readonly WantedHost[]> {
  const wanted = new Map(hosts.map((rules) => [rules.host, toWantedHost(rules)])); // the last rules of a host
  const zoned = [...mergeByName([...wanted.values()]).values()].flatMap((host) => {
    const zone = host.host === CATCH_ALL_HOST ? undefined : findZone(host.host, zones);
    return zone === undefined ? [] : [{ zone, host }];
  });
  const sorted = zoned.toSorted((a, b) => compareText(a.host.host, b.host.host));
  return new Map(
    [...Map.groupBy(sorted, ({ zone }) => zone)].map(([zone, group]) => [zone, group.map(({ host }) => host)]),
  );
}

const toWantedHost = memoize(({ host, routes }: HostRules): WantedHost => {
  const namespaces = routes.map(({ id }) => parseNamespace(id));
  return { host: host.replace(/^\*\*/, "*"), namespaces: [...new Set(namespaces)].toSorted(compareText) };
});

function mergeByName(hosts: readonly WantedHost[]): ReadonlyMap<string, WantedHost> {
  const merged = new Map<string, WantedHost>();
  for (const wanted of hosts) {
    const present = merged.get(wanted.host);
    const namespaces = present && [...new Set([...present.namespaces, ...wanted.namespaces])].toSorted(compareText);
    merged.set(wanted.host, namespaces ? { ...wanted, namespaces } : wanted);
  }
  return merged;
}
