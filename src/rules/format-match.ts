import type { PathMatch } from "./snapshot.ts";

/** Formats how a path matches, for display: "prefix /cart". */
export function formatMatch(path: PathMatch): string {
  return path.type === "regex" ? `regex ${path.pattern}` : `${path.type} ${path.path}`;
}
