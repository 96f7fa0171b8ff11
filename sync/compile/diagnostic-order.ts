import type { Diagnostic } from "./diagnostics.ts";

/** Returns the text by which diagnostics are sorted. */
export function formatDiagnosticKey({ object, field, reason, problem, remedy, source }: Diagnostic): string {
  return JSON.stringify([object, field, reason, problem, remedy, source]);
}

/** Two names of a host have the same diagnostics. */
export function isSameDiagnostic(a: Diagnostic, b: Diagnostic): boolean {
  return (
    a.object === b.object &&
    a.field === b.field &&
    a.reason === b.reason &&
    a.problem === b.problem &&
    a.remedy === b.remedy &&
    a.source === b.source
  );
}
