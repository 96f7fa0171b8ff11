import * as z from "zod/mini";
import { parseIpRange } from "../addresses.ts";
import { failure } from "../result.ts";
import { list } from "./annotation-types.ts";
import type { Annotation, AnnotationValues } from "./policy.ts";

/** Who may call, by address: not those of `deny`, and where there is an `allow` only those. */
export const SourceRange = z.strictObject({
  allow: z.optional(z.array(z.string())),
  deny: z.optional(z.array(z.string())),
});
export type SourceRange = z.infer<typeof SourceRange>;

export const sourceRangeAnnotations = {
  "whitelist-source-range": nonEmpty(
    list(
      {
        doc: "Lets in only clients with these addresses (CIDR ranges, IPv4 and IPv6), as Cloudflare knows them; others get 403.",
        example: "10.0.0.0/8, 2001:db8::/32",
        aliases: ["allowlist-source-range"],
        guards: true,
      },
      parseIpRange,
    ),
  ),
  "denylist-source-range": nonEmpty(
    list(
      {
        doc: "Turns away clients with these addresses with 403, before any are let in by `whitelist-source-range`.",
        example: "192.0.2.0/24",
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
  return { ...(allow && { allow: [...allow] }), ...(deny && { deny: [...deny] }) };
}

/** An empty list would let anyone in: more likely a value that was not filled in. */
function nonEmpty<T>(annotation: Annotation<readonly T[]>): Annotation<readonly T[]> {
  return {
    ...annotation,
    parse: (text) => {
      const result = annotation.parse(text);
      return result.ok && result.value.length === 0 ? failure("expected an address at least, got none") : result;
    },
  };
}
