import { compareText } from "../../../src/rules/compare-text.ts";
import { CATCH_ALL_HOST, findZone } from "../../../src/rules/hosts.ts";
import type { HostRules } from "../../../src/rules/snapshot.ts";
import { memoize } from "../../incremental/memoize.ts";
import { parseNamespace } from "../route-id.ts";
import type { WantedHost } from "./model.ts";

/** Returns the hosts of rules by the zone that serves them: the longest one. The catch-all host has no name. */
export function groupHostsByZone(
  hosts: readonly HostRules[],
  zones: readonly string[],
): ReadonlyMap<string, readonly WantedHost[]> {
  const wanted = new Map(hosts.map(toWantedHost).map((host) => [host.host, host])); // the last rules of a host
  const zoned = [...wanted.values()].flatMap((host) => {
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
  // In DNS and in routes of Workers, "*.x" covers any number of labels.
  return { host: host.replace(/^\*\*\./, "*."), namespaces: [...new Set(namespaces)].toSorted(compareText) };
});
