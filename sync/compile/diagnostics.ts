import { shortenText, toPrintableText } from "../runtime/printable-text.ts";
import { diagnosticReasons, type Reason } from "./diagnostic-reasons.ts";

const MAX_TEXT_CHARACTERS = 1000;

/** The object and field of a diagnostic. */
export interface Subject {
  readonly object: string; // "Ingress namespace/name"
  readonly source: string; // file, or "cluster"
  readonly field: string;
}

export interface Diagnostic extends Subject {
  readonly reason: Reason;
  /** The error, with its value. */
  readonly problem: string;
  /** The action that resolves it, in the imperative. */
  readonly remedy: string;
  /** The error for the owner of the object, if `problem` names an object of another namespace. */
  readonly ownerProblem?: string;
}

export type Report = (reason: Reason, subject: Subject, problem: string, remedy: string, ownerProblem?: string) => void;

/** A value and the diagnostics reported while it was made. */
export interface Reported<T> {
  readonly value: T;
  readonly diagnostics: readonly Diagnostic[];
}

/** Calls `make` and returns its value with the diagnostics that it reports. */
export function collectDiagnostics<T>(make: (report: Report) => T): Reported<T> {
  const diagnostics: Diagnostic[] = [];
  const value = make((reason, subject, problem, remedy, ownerProblem) => {
    diagnostics.push({
      reason,
      object: toShownText(subject.object),
      source: toShownText(subject.source),
      field: toShownText(subject.field),
      problem: toShownText(problem),
      remedy: toShownText(remedy),
      ...(ownerProblem !== undefined && { ownerProblem: toShownText(ownerProblem) }),
    });
  });
  return { value, diagnostics: diagnostics.length === 0 ? NO_DIAGNOSTICS : diagnostics };
}

/** Returns a text for a line: an annotation has up to 256 KiB, and a diagnostic may quote it. */
function toShownText(text: string): string {
  return toPrintableText(shortenText(text, MAX_TEXT_CHARACTERS));
}

/** One list for all values without diagnostics, because most have none. */
const NO_DIAGNOSTICS: readonly Diagnostic[] = [];

/** Returns a diagnostic as one line. */
export function formatDiagnostic({ reason, object, field, problem, remedy, source }: Diagnostic): string {
  return `${diagnosticReasons[reason].severity} ${object} ${field}: ${problem}; ${remedy} (${reason}, ${source})`.replace(
    /\s+/g,
    " ",
  );
}

/** Whether a part of an object did not become rules. */
export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some(({ reason }) => diagnosticReasons[reason].severity === "error");
}
