import type { Exchange } from "../request/exchange.ts";
import type { Filter } from "../request/filter.ts";
import { expandVariables, withEscapedGroups } from "../request/nginx-variables.ts";
import { errorResponse, redirectResponse } from "../request/response.ts";
import { VARIABLE_PATTERN } from "../rules/nginx-variables.ts";
import { encodePath, hasDotSegment, toByteString } from "../rules/paths.ts";
import type { SettingsOf } from "../rules/policies/index.ts";

/**
 * Replaces the path for the origin, or redirects the client to a URL. A rewritten path with dot segments is rejected,
 * because it would lead out of the literal part of its target.
 */
export function rewrite(settings: SettingsOf<"rewrite">): Filter {
  return async (exchange, next) => {
    const target = encodePath(rewritePath(settings, exchange));
    if (settings.type === "redirect") return redirectResponse(302, target + exchange.query);
    // nginx: "the rewritten URI has a zero length".
    if (target === "") return errorResponse(exchange, 500, "empty-rewrite", "the rewritten path is empty");
    const originPath = target.startsWith("/") ? target : `/${target}`;
    if (hasDotSegment(originPath)) {
      return errorResponse(exchange, 400, "bad-request", "the rewritten path has dot segments");
    }
    const originHeaders = [
      ...exchange.originHeaders,
      ...buildForwardedPrefixHeader(settings.forwardedPrefix, exchange),
    ];
    return next({ ...exchange, originPath, originHeaders });
  };
}

/** Returns the rewritten path as a byte string. A group without a match is empty. */
function rewritePath(settings: SettingsOf<"rewrite">, exchange: Exchange): string {
  const { path = "/", groups } = exchange;
  switch (settings.type) {
    case "replace":
    case "redirect":
      return settings.target.replace(VARIABLE_PATTERN, (variable, digit?: string) => {
        if (digit !== undefined) return groups[Number(digit)] ?? "";
        return variable === "$uri" ? path : toByteString(expandVariables(variable, exchange).toWellFormed());
      });
    case "prefix": {
      const remainder = path.slice(toByteString(settings.prefix).replace(/\/$/, "").length).replace(/^\//, "");
      return `${settings.target.replace(/\/$/, "")}/${remainder}`;
    }
  }
}

/** Builds the header. Escapes its value, because decoded groups may contain any character. */
function buildForwardedPrefixHeader(prefix: string | undefined, exchange: Exchange): [string, string][] {
  const value = prefix === undefined ? "" : expandVariables(prefix, withEscapedGroups(exchange));
  return value === ""
    ? []
    : [["X-Forwarded-Prefix", value.replace(/[^\x20-\x7e]+/g, (text) => encodeURIComponent(text.toWellFormed()))]];
}
