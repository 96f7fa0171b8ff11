import * as z from "zod/mini";
import { BasicAuth, basicAuthAnnotations, basicAuthOf } from "./basic-auth.ts";
import { definePolicy } from "./define.ts";
import { ExternalAuth, externalAuthAnnotations, externalAuthOf } from "./external-auth.ts";
import { word } from "./kinds.ts";
import { SourceRange, sourceRangeAnnotations, sourceRangeOf } from "./source-range.ts";

// Certificate authorities check a name there, and know no password (ACME HTTP-01): ingress-nginx's no-auth-locations.
const NEVER_ASKED = "/.well-known/acme-challenge";

/** Who may call. One policy of three parts, so that how they go together is decided in one place. */
export const access = definePolicy({
  name: "access",
  scope: "route",
  settings: z.strictObject({
    any: z.boolean(), // one part that lets a client in is enough
    sourceRange: z.optional(SourceRange),
    basic: z.optional(BasicAuth),
    external: z.optional(ExternalAuth),
  }),
  annotations: {
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
  },
  fromAnnotations(values, place) {
    const asks = !place.path.startsWith(NEVER_ASKED);
    const sourceRange = sourceRangeOf(values);
    const basic = basicAuthOf(values, place);
    const external = externalAuthOf(values, place);
    const parts = {
      ...(sourceRange && { sourceRange }),
      ...(basic && asks && { basic }),
      ...(external && asks && { external }),
    };
    return Object.keys(parts).length === 0 ? undefined : { any: values.satisfy === "any", ...parts };
  },
});
