import * as z from "zod/mini";
import { ANY_HOST, zoneOf } from "../hosts.ts";
import { isTemplate, VARIABLE } from "../variables.ts";
import { definePolicy, type Place } from "./define.ts";
import { template } from "./kinds.ts";

/** The Host that the origin is asked with. */
export const upstreamVhost = definePolicy({
  name: "upstreamVhost",
  scope: "route",
  settings: z.strictObject({ host: z.string() }), // may hold variables
  annotations: {
    "upstream-vhost": template(
      {
        doc: "The Host that the origin is asked with; `X-Forwarded-Host` has the client's. Variables may be used.",
        example: "inner.example.com",
        default: "the client's",
        nearness: "near",
        difference: "Only a name in the zone of the client's host can be had; for others the client's Host stays.",
        guards: true,
      },
      /^[-._a-zA-Z0-9${}]*$/,
      'a host such as "inner.example.com"',
    ),
  },
  fromAnnotations(values, place) {
    const host = known(values["upstream-vhost"] ?? "", place);
    if (host === "") return undefined;
    if (isTemplate(host) || isWithin(host, place)) return { host };
    const problem = `${host} is not in the zone of ${place.host}, and Cloudflare sends no other Host; the client's stays`;
    return place.warn("upstream-vhost", problem, "name a host in the same zone, or have the origin take the client's");
  },
});

/** The name with the variables filled in whose values no request changes. */
function known(host: string, { namespace, ingress, service, port }: Place): string {
  const values = new Map(
    Object.entries({ namespace, ingress_name: ingress, service_name: service, service_port: port }),
  );
  return host.replace(
    VARIABLE,
    (whole, _, braced?: string, bare?: string) => values.get(braced ?? bare ?? "") ?? whole,
  );
}

function isWithin(host: string, place: Place): boolean {
  const zone = zoneOf(host.toLowerCase(), place.zones);
  if (place.host === ANY_HOST) return zone !== undefined;
  return zone !== undefined && zone === zoneOf(place.host, place.zones);
}
