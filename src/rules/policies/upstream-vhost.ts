import * as z from "zod/mini";
import { CATCH_ALL_HOST, findZone } from "../hosts.ts";
import { isTemplate, VARIABLE_PATTERN } from "../nginx-variables.ts";
import { template } from "./annotation-types.ts";
import { definePolicy, type PolicyContext } from "./policy.ts";

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
        defaultText: "the client's",
        support: "partial",
        difference: "Only a name in the zone of the client's host can be had; for others the client's Host stays.",
        guards: true,
      },
      /^[-._a-zA-Z0-9${}]*$/,
      'a host such as "inner.example.com"',
    ),
  },
  fromAnnotations(values, context) {
    const host = fillStaticVariables(values["upstream-vhost"] ?? "", context);
    if (host === "") return undefined;
    if (isTemplate(host) || isInZone(host, context)) return { host };
    const problem = `${host} is not in the zone of ${context.host}, and Cloudflare sends no other Host; the client's stays`;
    return context.warn(
      "upstream-vhost",
      problem,
      "name a host in the same zone, or have the origin take the client's",
    );
  },
});

/** The name with the variables filled in whose values no request changes. */
function fillStaticVariables(host: string, { namespace, ingress, service, port }: PolicyContext): string {
  const values = new Map(
    Object.entries({ namespace, ingress_name: ingress, service_name: service, service_port: port }),
  );
  return host.replace(
    VARIABLE_PATTERN,
    (match, _, bracedName?: string, bareName?: string) => values.get(bracedName ?? bareName ?? "") ?? match,
  );
}

function isInZone(host: string, context: PolicyContext): boolean {
  const zone = findZone(host.toLowerCase(), context.zones);
  if (context.host === CATCH_ALL_HOST) return zone !== undefined;
  return zone !== undefined && zone === findZone(context.host, context.zones);
}
