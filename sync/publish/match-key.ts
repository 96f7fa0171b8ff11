import { formatMatch } from "../../src/rules/format-match.ts";
import type { Route } from "../../src/rules/snapshot.ts";
import { toCanonicalJson } from "./canonical-json.ts";

/** Returns a text that only routes with the same path match and the same conditions have. */
export function computeMatchKey({ path, when }: Pick<Route, "path" | "when">): string {
  return when === undefined ? formatMatch(path) : toCanonicalJson([path, when]);
}
