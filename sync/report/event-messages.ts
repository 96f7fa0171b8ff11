import { type Diagnostic, diagnosticReasons, type Reason, type Severity } from "../compile/diagnostics.ts";
import { memoize } from "../incremental/memoize.ts";

/** The object that an Event is about, as the API server knows it. */
export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** The object that is called "Ingress namespace/name"; undefined where it is gone or not known by its uid. */
export type FindObject = (object: string) => ObjectReference | undefined;

/** What the owner of an object is to be told. */
export interface EventMessage {
  readonly involvedObject: ObjectReference;
  readonly severity: Severity;
  readonly reason: Reason | "Published";
  readonly message: string;
}

/** A generation that was published in this round. */
export interface PublishedGeneration {
  readonly generation: number;
  readonly digest: string;
  /** Ingresses ("namespace/name") that have routes in it which are new or changed. */
  readonly changedIngresses: readonly string[];
}

const SEVERITY_ORDER: readonly Severity[] = ["error", "warning", "note"];
const SHOWN_DIGEST_LENGTH = 12;

/**
 * Everything to be told of a round, the gravest first. A diagnostic is told on the object it names, whatever its kind:
 * on one without a namespace (an IngressClass) only the log has it, since its Events belong to no owner.
 */
export function buildEventMessages(
  diagnostics: readonly Diagnostic[],
  publication: PublishedGeneration | undefined,
  findObject: FindObject,
): EventMessage[] {
  const diagnosticMessages = diagnostics.map(
    (diagnostic) => cachedMessages.get(diagnostic) ?? buildDiagnosticMessage(diagnostic, findObject),
  );
  const publishedMessages = publication ? buildPublishedMessages(publication, diagnostics, findObject) : [];
  const messages = [...diagnosticMessages.filter((notice) => notice !== undefined), ...publishedMessages];
  const bySeverity = Map.groupBy(messages, ({ severity }) => severity);
  return SEVERITY_ORDER.flatMap((severity) => bySeverity.get(severity) ?? []);
}

// Diagnostics of what did not change keep their identity from round to round; of an object that is made anew they do not.
const cachedMessages = new WeakMap<Diagnostic, EventMessage>();

function buildDiagnosticMessage(diagnostic: Diagnostic, findObject: FindObject): EventMessage | undefined {
  const { object, reason, field, problem, remedy } = diagnostic;
  const involvedObject = findObject(object);
  if (!involvedObject?.namespace) return undefined;
  const message = `${field}: ${problem}; ${remedy}`;
  const eventMessage: EventMessage = { involvedObject, severity: diagnosticReasons[reason].severity, reason, message };
  cachedMessages.set(diagnostic, eventMessage);
  return eventMessage;
}

/** The objects of which something failed, by how diagnostics name them. */
export const findFailedObjects = memoize((diagnostics: readonly Diagnostic[]): ReadonlySet<string> => {
  const failures = diagnostics.filter(({ reason }) => diagnosticReasons[reason].severity === "error");
  return new Set(failures.map(({ object }) => object));
});

/** An Ingress with an error is told of the error alone, even where the rest of it is live: success is never half. */
function buildPublishedMessages(
  { generation, digest, changedIngresses }: PublishedGeneration,
  diagnostics: readonly Diagnostic[],
  findObject: FindObject,
): EventMessage[] {
  const failedObjects = findFailedObjects(diagnostics);
  const message = `generation ${generation}, digest ${digest.slice(0, SHOWN_DIGEST_LENGTH)}…`;
  return changedIngresses
    .map((name) => `Ingress ${name}`)
    .filter((object) => !failedObjects.has(object))
    .flatMap((object): EventMessage[] => {
      const involvedObject = findObject(object);
      return involvedObject ? [{ involvedObject, severity: "note", reason: "Published", message }] : [];
    });
}
