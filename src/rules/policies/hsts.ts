import * as z from "zod/mini";
import { definePolicy } from "./policy.ts";

const ONE_YEAR_S = 31_536_000;

export const HstsSettings = z.strictObject({ value: z.string() });

/** Sets Strict-Transport-Security on https responses of hosts with a certificate, as ingress-nginx does by default. */
export const hsts = /* @__PURE__ */ definePolicy({
  name: "hsts",
  doc: "Sets `Strict-Transport-Security` on https responses.",
  scope: "route",
  protects: false,
  restricts: true,
  appliesToCatchAll: true,
  allowedAsClassDefault: true,
  surprisesWhenInherited: false,
  pathLimited: { effect: "needs-host-certificate" },
  regexPaths: "never",
  furtherHosts: "none",
  settings: HstsSettings,
  annotations: {},
  fromAnnotations(_, { tls }) {
    return tls ? { value: `max-age=${ONE_YEAR_S}; includeSubDomains` } : undefined;
  },
});
