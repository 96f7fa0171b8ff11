import * as z from "zod/mini";
import { flag } from "./annotation-types.ts";
import { definePolicy } from "./policy.ts";

export const AccessLogSettings = z.strictObject({}); // present or absent

const annotations = {
  "enable-access-log": flag({
    doc: "Log requests. `false` leaves the requests of the Ingress out of the access log.",
    example: "false",
    default: "true",
    support: "partial",
    difference: "Cloudflare's own logs still contain the request.",
  }),
  "enable-rewrite-log": flag({
    doc: "Log of nginx's rewrites. `edgress explain` shows how a path is rewritten.",
    example: "true",
    default: "false",
    support: "no-op",
  }),
};

/** Leaves a route's requests out of the access log. */
export const accessLog = /* @__PURE__ */ definePolicy({
  name: "accessLog",
  doc: "Turns the access log off for a route.",
  scope: "route",
  protects: false,
  restricts: false,
  appliesToCatchAll: true,
  allowedAsClassDefault: true,
  surprisesWhenInherited: true,
  pathLimited: { effect: "applies" },
  regexPaths: "never",
  furtherHosts: "none",
  settings: AccessLogSettings,
  annotations,
  fromAnnotations: (values) => (values["enable-access-log"] === false ? {} : undefined),
});
