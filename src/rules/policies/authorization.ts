import * as z from "zod/mini";
import { word } from "./annotation-types.ts";
import { BasicAuth, basicAuthAnnotations, buildBasicAuth } from "./basic-auth.ts";
import { buildExternalAuth, ExternalAuth, externalAuthAnnotations } from "./external-auth.ts";
import { definePolicy } from "./policy.ts";
import { buildSourceRange, SourceRange, sourceRangeAnnotations } from "./source-range.ts";

// Certificate authorities check a name there, and know no password (ACME HTTP-01): ingress-nginx's no-auth-locations.
const ACME_CHALLENGE_PATH = "/.well-known/acme-challenge";

export const AuthorizationSettings = z.strictObject({
  any: z.boolean(), // one part that lets a client in is enough
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
      doc: "`any`: one of source ranges, password and `auth-url` that lets a client in is enough; else all must.",
      example: "any",
      default: "all",
    },
    ["all", "any"],
  ),
};

/** Who may call. One policy of three parts, so that how they go together is decided in one place. */
export const authorization = /* @__PURE__ */ definePolicy({
  name: "authorization",
  doc: "Restricts access by address, password or external service.",
  scope: "route",
  protects: true,
  appliesToCatchAll: true,
  allowedAsClassDefault: true,
  surprisesWhenInherited: true,
  pathLimited: { effect: "applies" },
  regexPaths: "never",
  furtherHosts: "none",
  settings: AuthorizationSettings,
  annotations,
  fromAnnotations(values, context) {
    const requiresCredentials = !context.path.startsWith(ACME_CHALLENGE_PATH);
    const sourceRange = buildSourceRange(values);
    const basic = buildBasicAuth(values, context);
    const external = buildExternalAuth(values, context);
    const parts = {
      ...(sourceRange && { sourceRange }),
      ...(basic && requiresCredentials && { basic }),
      ...(external && requiresCredentials && { external }),
    };
    return Object.keys(parts).length === 0 ? undefined : { any: values.satisfy === "any", ...parts };
  },
});
