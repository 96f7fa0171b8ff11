import { formatIgnoredIngresses, type IgnoredIngress } from "../../compile/select/ignored-ingresses.ts";
import { IGNORE_REASONS, type Selection } from "../../compile/select/ingress-class.ts";
import type { Logger } from "../../report/log.ts";

/** Counts Ingresses by selection. */
export function countSelections(
  selectedCount: number,
  ignoredIngresses: readonly IgnoredIngress[],
): Readonly<Record<Selection, number>> {
  const byReason = Map.groupBy(ignoredIngresses, ({ reason }) => reason);
  const entries = IGNORE_REASONS.map((reason) => [reason, byReason.get(reason)?.length ?? 0]);
  return { selected: selectedCount, ...Object.fromEntries(entries) };
}

/** Logs the ignored Ingresses in one line, if another sync did not log the same ones. */
export function logIgnoredIngresses(
  log: Pick<Logger, "info">,
  ignoredIngresses: readonly IgnoredIngress[],
  previous: readonly IgnoredIngress[],
): void {
  if (formatSet(ignoredIngresses) === formatSet(previous)) return;
  const classes = formatIgnoredIngresses(ignoredIngresses).join("; ");
  const count = ignoredIngresses.length;
  log.info({ ignoredIngresses: count }, `ignored ingresses=${count}${classes === "" ? "" : `: ${classes}`}`);
}

function formatSet(ignoredIngresses: readonly IgnoredIngress[]): string {
  return ignoredIngresses.map(({ name, className }) => `${name} ${className}`).join("\n");
}
