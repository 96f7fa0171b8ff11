import * as z from "zod/mini";
import { word } from "./annotation-types.ts";
import { BasicAuth, basicAuthAnnotations, buildBasicAuth } from "./basic-auth.ts";
import { buildExternalAuth, ExternalAuth } from "./external-auth.ts";
import { externalAuthAnnotations } from "./external-auth-annotations.ts";
import { definePolicy } from "./policy.ts";
import { buildSourceRange, SourceRange, sourceRangeAnnotations } from "./source-range.ts";

// Certificate authorities check a name there without credentials (ACME HTTP-01): ingress-nginx's no-auth-locations.
const ACME_CHALLENGE_PATH = "/.well-known/acme-challenge";

export const AuthorizationSettings = z.strictObject({
  any: z.boolean(), // one check that accepts the client is enough
  sourceRange: z.optional(SourceRange),
  basic: z.optional(BasicAuth),
  external: z.optional(ExternalAuth),
});

const annotations = {
  ...sourceRangeAnnotations,
  ...basicAuthAnnotations,
  ...externalAuthAnnotations,
  satisfy: word(
    {
      doc: "Whether `all` of source ranges, password and `auth-url` must accept a client, or `any`.",
      example: "any",
      default: "all",
    },
    ["all", "any"],
  ),
};

/** Restricts access. One policy with three checks, because `satisfy` combines them. */
export const authorization = /* @__PURE__ */ definePolicy({
  name: "authorization",
  doc: "Restricts access by address, password or external service.",
  scope: "route",
  protects: true,
  restricts: false,
  appliesToCatchAll: true,
  allowedAsClassDefault: true,
  surprisesWhenInherited: true,
  pathLimited: { effect: "applies" },
  regexPaths: "never",
  furtherHosts: "none",
  settings: AuthorizationSettings,
  annotations,
  fromAnnotations(values, context) {
    // An enforced check holds there too, because an Ingress could rewrite the path.
    const isExempt = (annotation: keyof typeof annotations) =>
      context.path.startsWith(ACME_CHALLENGE_PATH) && !context.isEnforced(annotation);
    const requiresPassword = !isExempt("auth-secret") || !isExempt("auth-type");
    const sourceRange = buildSourceRange(values);
    const basic = buildBasicAuth(values, context);
    const external = buildExternalAuth(values, context);
    const parts = {
      ...(sourceRange && { sourceRange }),
      ...(basic && requiresPassword && { basic }),
      ...(external && !isExempt("auth-url") && { external }),
    };
    return Object.keys(parts).length === 0 ? undefined : { any: values.satisfy === "any", ...parts };
  },
});
