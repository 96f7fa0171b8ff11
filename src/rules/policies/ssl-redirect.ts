import * as z from "zod/mini";
import { flag } from "./annotation-types.ts";
import { definePolicy } from "./policy.ts";

// Certificate authorities check a name over plain http there (ACME HTTP-01).
const ACME_CHALLENGE_PATH = "/.well-known/acme-challenge";

export const SslRedirectSettings = z.strictObject({
  keepsTrailingSlash: z.boolean(),
  writesPort: z.optional(z.boolean()),
});

const annotations = {
  "ssl-redirect": flag({
    doc: "Redirect http to https with 308 if the host has a certificate (`spec.tls`).",
    example: "false",
    default: "true",
  }),
  "force-ssl-redirect": flag({
    doc: "Redirect http to https with 308 even if the host has no certificate.",
    example: "true",
    default: "false",
  }),
  "preserve-trailing-slash": flag({
    doc: "Keep a final `/` in the redirect to https.",
    example: "true",
    default: "false",
  }),
  "use-port-in-redirects": flag({
    doc: "Add the port 443 to the redirect to https.",
    example: "true",
    default: "false",
  }),
};

/** Redirects http to https, as in ingress-nginx: by default on hosts with a certificate, or if forced. */
export const sslRedirect = /* @__PURE__ */ definePolicy({
  name: "sslRedirect",
  doc: "Redirects http to https.",
  scope: "route",
  protects: false,
  restricts: true,
  appliesToCatchAll: false,
  allowedAsClassDefault: true,
  surprisesWhenInherited: false,
  pathLimited: { effect: "applies" },
  regexPaths: "never",
  furtherHosts: "none",
  settings: SslRedirectSettings,
  annotations,
  fromAnnotations(values, { tls, path }) {
    const isEnabled = values["force-ssl-redirect"] || (tls && (values["ssl-redirect"] ?? true));
    if (!isEnabled || path.startsWith(ACME_CHALLENGE_PATH)) return undefined;
    const keepsTrailingSlash = values["preserve-trailing-slash"] ?? false;
    return { keepsTrailingSlash, ...(values["use-port-in-redirects"] && { writesPort: true }) };
  },
});

/** Whether a route redirects http to https. */
export function redirectsToHttps(settings: { readonly sslRedirect?: unknown }): boolean {
  return settings.sslRedirect !== undefined;
}
