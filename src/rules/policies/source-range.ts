import * as z from "zod/mini";
import { parseIpRange } from "../addresses.ts";
import { failure } from "../result.ts";
import { list } from "./annotation-types.ts";
import type { Annotation, AnnotationValues } from "./policy.ts";

/** Restricts access by address: rejects `deny`, and all others than `allow` if it is set. */
export const SourceRange = z.strictObject({
  allow: z.optional(z.array(z.string())),
  deny: z.optional(z.array(z.string())),
});
export type SourceRange = z.infer<typeof SourceRange>;

export const sourceRangeAnnotations = {
  "whitelist-source-range": nonEmpty(
    list(
      {
        doc: "Client addresses and ranges to accept. Others get 403.",
        example: "10.0.0.0/8, 2001:db8::/32",
        default: "none",
        aliases: ["allowlist-source-range"],
        guards: true,
      },
      parseIpRange,
    ),
  ),
  "denylist-source-range": nonEmpty(
    list(
      {
        doc: "Client addresses and ranges to reject with 403. Overrides `whitelist-source-range`.",
        example: "192.0.2.0/24",
        default: "none",
        guards: true,
      },
      parseIpRange,
    ),
  ),
};

export function buildSourceRange(values: AnnotationValues<typeof sourceRangeAnnotations>): SourceRange | undefined {
  const allow = values["whitelist-source-range"];
  const deny = values["denylist-source-range"];
  if (!allow && !deny) return undefined;
  // All routes of an Ingress share its lists, which may have thousands of ranges.
  return { ...(allow && { allow: allow as string[] }), ...(deny && { deny: deny as string[] }) };
}

/** Rejects an empty list, which would accept every client and is probably a missing value. */
function nonEmpty<T>(annotation: Annotation<readonly T[]>): Annotation<readonly T[]> {
  return {
    ...annotation,
    parse: (text) => {
      const result = annotation.parse(text);
      return result.ok && result.value.length === 0 ? failure("expected at least one address, got none") : result;
    },
  };
}
