import { ownAnswer, redirect } from "../answer.ts";
import type { Exchange } from "../exchange.ts";
import { bytesOf, encodePath } from "../rules/paths.ts";
import type { SettingsOf } from "../rules/policies/index.ts";
import { VARIABLE } from "../rules/variables.ts";
import { expand, withEscapedGroups } from "../variables.ts";
import type { Filter } from "./filter.ts";

/** Asks the origin for another path, or sends the client to another URL. */
export function rewrite(settings: SettingsOf<"rewrite">): Filter {
  return async (exchange, next) => {
    const target = encodePath(rewritten(settings, exchange));
    if (settings.type === "redirect") return redirect(302, target + exchange.query);
    // nginx: "the rewritten URI has a zero length".
    if (target === "") return ownAnswer(exchange, 500, "rewrite-empty", "the rewritten path is empty");
    const originHeaders = [...exchange.originHeaders, ...forwardedPrefix(settings.forwardedPrefix, exchange)];
    return next({ ...exchange, target: target.startsWith("/") ? target : `/${target}`, originHeaders });
  };
}

/** The path that a request is rewritten to, as a byte string. A group that took no part is empty. */
function rewritten(settings: SettingsOf<"rewrite">, exchange: Exchange): string {
  const { path = "/", groups } = exchange;
  switch (settings.type) {
    case "replace":
    case "redirect":
      return settings.target.replace(VARIABLE, (variable, digit?: string) => {
        if (digit !== undefined) return groups[Number(digit)] ?? "";
        return variable === "$uri" ? path : bytesOf(expand(variable, exchange).toWellFormed());
      });
    case "prefix": {
      const rest = path.slice(bytesOf(settings.prefix).replace(/\/$/, "").length).replace(/^\//, "");
      return `${settings.target.replace(/\/$/, "")}/${rest}`;
    }
  }
}

/** Escaped, since what was decoded may hold anything, and a header must not. */
function forwardedPrefix(prefix: string | undefined, exchange: Exchange): [string, string][] {
  const value = prefix === undefined ? "" : expand(prefix, withEscapedGroups(exchange));
  return value === ""
    ? []
    : [["X-Forwarded-Prefix", value.replace(/[^\x20-\x7e]+/g, (text) => encodeURIComponent(text.toWellFormed()))]];
}
