import { diagnosticReasons, type Reason, type Severity } from "../compile/diagnostic-reasons.ts";
import type { Diagnostic } from "../compile/diagnostics.ts";
import { memoize } from "../incremental/memoize.ts";

/** Reference to the object of an Event. */
export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** Finds an object by "Ingress namespace/name". Undefined if it was deleted or its UID is unknown. */
export type FindObject = (object: string) => ObjectReference | undefined;

/** Content of an Event for the owner of an object. */
export interface EventMessage {
  readonly involvedObject: ObjectReference;
  readonly severity: Severity;
  readonly reason: Reason | "Published" | "SyncFailed";
  readonly message: string;
}

/** A published generation. */
export interface GenerationMark {
  readonly generation: number;
  readonly digest: string;
}

/** By Ingress ("namespace/name") or HTTPRoute ("HTTPRoute namespace/name"): the last generation with a new or changed route of it that was not reported yet. */
export type UnreportedPublications = ReadonlyMap<string, GenerationMark>;

const SEVERITY_ORDER: readonly Severity[] = ["error", "warning", "note"];
const SHOWN_DIGEST_LENGTH = 12;

/**
 * Builds the Event messages of a sync, most severe first. A diagnostic becomes an Event of its object. A diagnostic of an
 * object without a namespace, such as an IngressClass, is only logged, because no owner reads its Events.
 */
export function buildEventMessages(
  diagnostics: readonly Diagnostic[],
  publications: UnreportedPublications,
  findObject: FindObject,
): EventMessage[] {
  const diagnosticMessages = diagnostics.map(
    (diagnostic) => cachedMessages.get(diagnostic) ?? buildDiagnosticMessage(diagnostic, findObject),
  );
  const publishedMessages = buildPublishedMessages(publications, diagnostics, findObject);
  const messages = [...diagnosticMessages.filter((message) => message !== undefined), ...publishedMessages];
  const bySeverity = Map.groupBy(messages, ({ severity }) => severity);
  return SEVERITY_ORDER.flatMap((severity) => bySeverity.get(severity) ?? []);
}

// A diagnostic of an unchanged object is the same object in the next sync; a recreated object gets a new one.
const cachedMessages = new WeakMap<Diagnostic, EventMessage>();

function buildDiagnosticMessage(diagnostic: Diagnostic, findObject: FindObject): EventMessage | undefined {
  const { object, reason, field, problem, ownerProblem = problem, remedy } = diagnostic;
  const involvedObject = findObject(object);
  if (!involvedObject?.namespace) return undefined;
  const message = `${field}: ${ownerProblem}; ${remedy}`;
  const eventMessage: EventMessage = { involvedObject, severity: diagnosticReasons[reason].severity, reason, message };
  cachedMessages.set(diagnostic, eventMessage);
  return eventMessage;
}

/** Returns the objects with errors, by their names in diagnostics. */
export const findFailedObjects = memoize((diagnostics: readonly Diagnostic[]): ReadonlySet<string> => {
  const failures = diagnostics.filter(({ reason }) => diagnosticReasons[reason].severity === "error");
  return new Set(failures.map(({ object }) => object));
});

/** Builds `Published` messages. An Ingress with an error gets none, even if other parts of it are published. */
function buildPublishedMessages(
  publications: UnreportedPublications,
  diagnostics: readonly Diagnostic[],
  findObject: FindObject,
): EventMessage[] {
  if (publications.size === 0) return [];
  const failedObjects = findFailedObjects(diagnostics);
  return [...publications].flatMap(([name, publication]): EventMessage[] => {
    const object = name.includes(" ") ? name : `Ingress ${name}`;
    const involvedObject = failedObjects.has(object) ? undefined : findObject(object);
    if (!involvedObject) return [];
    return [{ involvedObject, severity: "note", reason: "Published", message: formatPublication(publication) }];
  });
}

function formatPublication({ generation, digest }: GenerationMark): string {
  return `generation ${generation}, digest ${digest.slice(0, SHOWN_DIGEST_LENGTH)}…`;
}

/** Returns the publications whose Event was neither written nor superfluous. `messages` are those that were reported. */
export function findUnreportedPublications(
  publications: UnreportedPublications,
  wantedMessages: readonly EventMessage[],
  reportedMessages: readonly EventMessage[],
): UnreportedPublications {
  const reported = new Set(reportedMessages);
  const missing = wantedMessages.filter((message) => message.reason === "Published" && !reported.has(message));
  const names = new Set(missing.map(({ involvedObject }) => formatOwnerName(involvedObject)));
  return new Map([...publications].filter(([name]) => names.has(name)));
}

function formatOwnerName({ kind, namespace, name }: ObjectReference): string {
  return `${kind === "Ingress" ? "" : `${kind} `}${namespace}/${name}`;
}
