import { CATCH_ALL_HOST, findZone } from "../../../../src/rules/hosts.ts";
import { nameOf } from "../../../collect/cluster-model.ts";
import type { HttpRoute } from "../../../collect/gateway/http-route-model.ts";
import type { Report } from "../../diagnostics.ts";
import type { StageOptions } from "../../options.ts";
import type { PlannedHost } from "./plan-hosts.ts";

/** Reports the hosts of a route that are in no zone of the account. */
export function reportHostsOutsideZones(
  route: HttpRoute,
  hosts: readonly PlannedHost[],
  { zones }: Pick<StageOptions, "zones">,
  report: Report,
): void {
  const subject = { object: `HTTPRoute ${nameOf(route)}`, source: route.source, field: "spec.hostnames" };
  for (const { host } of hosts) {
    if (host === CATCH_ALL_HOST || findZone(host, zones) !== undefined) continue;
    const name = host.replace(/^\*\*/, "*");
    const problem = `host ${name} is in none of the account's zones (${zones.join(", ") || "none configured"})`;
    report("HostNotInZone", subject, problem, "add its zone to the account, or correct the name");
  }
}
