import * as z from "zod/mini";
import { CATCH_ALL_HOST, findZone } from "../hosts.ts";
import { isTemplate, VARIABLE_PATTERN } from "../nginx-variables.ts";
import { template } from "./annotation-types.ts";
import { mayNameHost } from "./permitted-host.ts";
import { definePolicy, type PolicyContext } from "./policy.ts";

export const UpstreamVhostSettings = z.strictObject({
  host: z.string(), // may contain variables
  // Patterns of the hosts that the variables may result in, besides the request's own; any host if undefined.
  permitted: z.optional(z.array(z.string())),
});

const annotations = {
  "upstream-vhost": template(
    {
      doc: "`Host` header for the origin. `X-Forwarded-Host` has the client's. Variables are allowed.",
      example: "inner.example.com",
      default: "$http_host",
      support: "partial",
      difference:
        "Only a name in the zone of the client's host that the namespace may claim is allowed. For others the client's `Host` is sent.",
      guards: true,
    },
    /^[-._a-zA-Z0-9${}]*$/,
    'a host such as "inner.example.com"',
  ),
};

/** Sets the Host header for the origin. */
export const upstreamVhost = /* @__PURE__ */ definePolicy({
  name: "upstreamVhost",
  doc: "Sets the `Host` header of requests to the origin.",
  scope: "route",
  protects: false,
  restricts: false,
  appliesToCatchAll: true,
  allowedAsClassDefault: true,
  surprisesWhenInherited: true,
  pathLimited: { effect: "applies" },
  regexPaths: "never",
  furtherHosts: "none",
  settings: UpstreamVhostSettings,
  annotations,
  fromAnnotations(values, context) {
    const host = fillStaticVariables(values["upstream-vhost"] ?? "", context);
    if (host === "") return undefined;
    const { wholeHosts } = context;
    if (isTemplate(host)) return { host, ...(wholeHosts && { permitted: [...wholeHosts] }) };
    if (!mayNameHost(host.toLowerCase(), context.host, wholeHosts)) return context.refuseHost("upstream-vhost", host);
    if (isInZone(host, context)) return { host };
    const problem = `${host} is not in the zone of ${context.host}, and Cloudflare sends no other Host; the client's Host is sent`;
    return context.warn(
      "upstream-vhost",
      problem,
      "set a host in the same zone, or let the origin accept the client's Host",
    );
  },
});

/** Expands the variables with the same value for every request. */
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
