import { diagnosticReasons, type Severity } from "../compile/diagnostic-reasons.ts";
import { type Diagnostic, formatDiagnostic } from "../compile/diagnostics.ts";
import { foldNames } from "../runtime/fold.ts";
import { formatCount } from "../runtime/format-count.ts";

const SEVERITIES: readonly Severity[] = ["error", "warning", "note"];

/** Formats each diagnostic as a line. */
export function formatDiagnosticLines(diagnostics: readonly Diagnostic[]): string[] {
  return diagnostics.map(formatDiagnostic);
}

/** Formats diagnostics as one line per reason, errors first. */
export function foldDiagnostics(diagnostics: readonly Diagnostic[]): string[] {
  const groups = [...Map.groupBy(diagnostics, ({ reason }) => reason).values()];
  const rank = ([first]: readonly Diagnostic[]) =>
    SEVERITIES.findIndex((severity) => first && severity === severityOf(first));
  return groups.toSorted((a, b) => rank(a) - rank(b)).flatMap(foldGroup);
}

/** Folds the diagnostics of one reason. */
function foldGroup(group: readonly Diagnostic[]): string[] {
  const [first] = group;
  if (!first) return [];
  if (group.length === 1) return [formatDiagnostic(first)];
  const objects = foldNames([...new Set(group.map(({ object }) => object))], 1);
  const { reason, problem, remedy } = first;
  return [`${severityOf(first)} ${reason} ${group.length} times (${objects}): ${problem}; ${remedy}`];
}

/** Formats the number of diagnostics of each severity: "2 errors, 1 note". */
export function countDiagnostics(diagnostics: readonly Diagnostic[]): string {
  return SEVERITIES.flatMap((severity) => {
    const count = diagnostics.filter((diagnostic) => severityOf(diagnostic) === severity).length;
    return count === 0 ? [] : [formatCount(count, severity)];
  }).join(", ");
}

function severityOf({ reason }: Diagnostic): Severity {
  return diagnosticReasons[reason].severity;
}
