import type { ParsedAnnotations } from "../compile/model.ts";
import type { FilterManifest } from "./route-manifest.ts";

export const REWRITE_ANNOTATIONS = ["rewrite-target", "x-forwarded-prefix", "use-regex", "upstream-vhost"];

type Values = Pick<ParsedAnnotations["values"], "rewrite" | "upstreamVhost">;

/** Returns why a rewrite has no counterpart. */
export function findRewriteProblem({ rewrite }: Values): { annotation: string; problem: string } | undefined {
  const target = String(rewrite["rewrite-target"] ?? "");
  if (target.includes("$"))
    return { annotation: "rewrite-target", problem: "a URLRewrite has no groups and variables" };
  if (/^https?:/.test(target)) return { annotation: "rewrite-target", problem: "a URLRewrite is not a redirect" };
  if (String(rewrite["x-forwarded-prefix"] ?? "").includes("$")) {
    return { annotation: "x-forwarded-prefix", problem: "a RequestHeaderModifier has no variables" };
  }
  return undefined;
}

/** Returns the filters of rewrite-target, x-forwarded-prefix and upstream-vhost. */
export function buildRewriteFilters(
  { rewrite, upstreamVhost }: Values,
  isLegacyTarget: boolean,
): { readonly filters: readonly FilterManifest[]; readonly hasHost: boolean } {
  const target = String(rewrite["rewrite-target"] ?? "");
  const prefix = String(rewrite["x-forwarded-prefix"] ?? "");
  const host = String(upstreamVhost["upstream-vhost"] ?? "");
  const hasHost = host !== "" && !host.includes("$");
  const path = isLegacyTarget
    ? { type: "ReplacePrefixMatch", replacePrefixMatch: target }
    : { type: "ReplaceFullPath", replaceFullPath: target };
  const urlRewrite = { ...(hasHost && { hostname: host.toLowerCase() }), ...(target !== "" && { path }) };
  return {
    filters: [
      ...(target !== "" && prefix !== ""
        ? [
            {
              type: "RequestHeaderModifier",
              requestHeaderModifier: { set: [{ name: "X-Forwarded-Prefix", value: prefix }] },
            },
          ]
        : []),
      ...(Object.keys(urlRewrite).length > 0 ? [{ type: "URLRewrite", urlRewrite }] : []),
    ],
    hasHost,
  };
}

/** Whether the annotations make all paths of their hosts regexes. A target under the oldest prefix replaces the path only. */
export function makesRegexPaths({ rewrite }: Pick<Values, "rewrite">, isLegacyTarget: boolean): boolean {
  return rewrite["use-regex"] === true || (Boolean(rewrite["rewrite-target"]) && !isLegacyTarget);
}
