import { ownAnswer, redirect } from "../answer.ts";
import type { Exchange } from "../exchange.ts";
import { bytesOf, encodePath } from "../rules/paths.ts";
import type { SettingsOf } from "../rules/policies/index.ts";
import { CAPTURE } from "../rules/policies/rewrite.ts";
import type { Filter } from "./filter.ts";

/** Asks the origin for another path, or sends the client to another URL. */
export function rewrite(settings: SettingsOf<"rewrite">): Filter {
  return async (exchange, next) => {
    const target = encodePath(rewritten(settings, exchange));
    if (settings.type === "redirect") return redirect(302, target + exchange.query);
    // nginx: "the rewritten URI has a zero length".
    if (target === "") return ownAnswer(exchange, 500, "rewrite-empty", "the rewritten path is empty");
    return next({ ...exchange, target: target.startsWith("/") ? target : `/${target}` });
  };
}

/** The path that a request is rewritten to, as a byte string. A group that took no part is empty. */
export function rewritten(
  settings: SettingsOf<"rewrite">,
  { path = "/", groups }: Pick<Exchange, "path" | "groups">,
): string {
  switch (settings.type) {
    case "replace":
    case "redirect":
      return settings.target.replace(CAPTURE, (_, digit: string) => groups[Number(digit)] ?? "");
    case "prefix": {
      const rest = path.slice(bytesOf(settings.prefix).replace(/\/$/, "").length).replace(/^\//, "");
      return `${settings.target.replace(/\/$/, "")}/${rest}`;
    }
  }
}
