import { type Diagnostic, type Reason, reasons, type Severity } from "../compile/diagnostic.ts";
import { onceEach } from "../once-each.ts";

/** The object that an Event is about, as the API server knows it. */
export interface Involved {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** The object that is called "Ingress namespace/name"; undefined where it is gone or not known by its uid. */
export type InvolvedOf = (object: string) => Involved | undefined;

/** What the owner of an object is to be told. */
export interface Notice {
  readonly involved: Involved;
  readonly severity: Severity;
  readonly reason: Reason | "Published";
  readonly message: string;
}

/** A generation that was published in this round. */
export interface Publication {
  readonly generation: number;
  readonly digest: string;
  /** Ingresses ("namespace/name") that have routes in it which are new or changed. */
  readonly changed: readonly string[];
}

const ORDER: readonly Severity[] = ["error", "warning", "note"];
const DIGEST_SHOWN = 12;

/**
 * Everything to be told of a round, the gravest first. A diagnostic is told on the object it names, whatever its kind:
 * on one without a namespace (an IngressClass) only the log has it, since its Events belong to no owner.
 */
export function noticesOf(
  diagnostics: readonly Diagnostic[],
  publication: Publication | undefined,
  involvedOf: InvolvedOf,
): Notice[] {
  const told = diagnostics.map((diagnostic) => notices.get(diagnostic) ?? noticeOf(diagnostic, involvedOf));
  const published = publication ? publishedNotices(publication, diagnostics, involvedOf) : [];
  const all = [...told.filter((notice) => notice !== undefined), ...published];
  const bySeverity = Map.groupBy(all, ({ severity }) => severity);
  return ORDER.flatMap((severity) => bySeverity.get(severity) ?? []);
}

// Diagnostics of what did not change keep their identity from round to round; of an object that is made anew they do not.
const notices = new WeakMap<Diagnostic, Notice>();

function noticeOf(diagnostic: Diagnostic, involvedOf: InvolvedOf): Notice | undefined {
  const { object, reason, field, problem, remedy } = diagnostic;
  const involved = involvedOf(object);
  if (!involved?.namespace) return undefined;
  const message = `${field}: ${problem}; ${remedy}`;
  const notice: Notice = { involved, severity: reasons[reason].severity, reason, message };
  notices.set(diagnostic, notice);
  return notice;
}

/** The objects of which something failed, by how diagnostics name them. */
export const failedIn = onceEach((diagnostics: readonly Diagnostic[]): ReadonlySet<string> => {
  const failures = diagnostics.filter(({ reason }) => reasons[reason].severity === "error");
  return new Set(failures.map(({ object }) => object));
});

/** An Ingress with an error is told of the error alone, even where the rest of it is live: success is never half. */
function publishedNotices(
  { generation, digest, changed }: Publication,
  diagnostics: readonly Diagnostic[],
  involvedOf: InvolvedOf,
): Notice[] {
  const failed = failedIn(diagnostics);
  const message = `generation ${generation}, digest ${digest.slice(0, DIGEST_SHOWN)}…`;
  return changed
    .map((name) => `Ingress ${name}`)
    .filter((object) => !failed.has(object))
    .flatMap((object): Notice[] => {
      const involved = involvedOf(object);
      return involved ? [{ involved, severity: "note", reason: "Published", message }] : [];
    });
}
