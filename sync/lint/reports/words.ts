import { formatCount } from "../../runtime/format-count.ts";
import type { Finding } from "../findings/finding.ts";
import type { Verdict } from "../verdicts/report.ts";

/** Returns a verdict in words: `now, 2 differences`, `after 3 changes`. */
export function formatVerdict({ verdict, changes, differences }: Verdict): string {
  switch (verdict) {
    case "now":
      return differences === 0 ? "now" : `now, ${formatCount(differences, "difference")}`;
    case "after-one-change":
    case "after-more-changes":
      return `after ${formatCount(changes, "change")}`;
    case "cannot-move":
      return "cannot move";
  }
}

/** Returns both responses at the URL of a finding; undefined without a URL. */
export function formatResponses({ url, nginx, edgress }: Finding): string | undefined {
  if (url === undefined) return undefined;
  if (nginx === edgress) return `${url} → ${edgress}`;
  return `${url} → ${nginx === undefined ? "" : `${nginx} in ingress-nginx, `}${edgress} in edgress`;
}

/** Returns the message of a finding, with the remedy. */
export function formatMessage({ message, remedy }: Finding): string {
  return remedy === undefined ? message : `${message}; ${remedy}`;
}
