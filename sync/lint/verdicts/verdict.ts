import { compareText } from "../../../src/rules/compare-text.ts";
import { annotationCatalog } from "../../compile/select/annotation-catalog.ts";
import { type CheckedObject, formatObject } from "./checked-object.ts";
import {
  CHECKED_KINDS,
  type ObjectVerdict,
  type ReportedFinding,
  VERDICTS,
  type Verdict,
  type VerdictKind,
} from "./report.ts";

/** Annotations whose effect the edge cannot have, by the values that have it. */
const IMMOVABLE_ANNOTATIONS: Readonly<Record<string, RegExp>> = {
  "ssl-passthrough": /^(?:1|t|true)$/i,
  "backend-protocol": /^(?:GRPCS?|FCGI)$/i,
  "stream-snippet": /./,
};

/** Returns the verdict on each host, those that can move first. */
export function judgeHosts(objects: readonly CheckedObject[], findings: readonly ReportedFinding[]): Verdict[] {
  const byObject = indexByObject(objects);
  const findingsByHost = groupByHost(findings, ({ hosts }) => hosts);
  const verdicts = [...groupByHost(objects, ({ hosts }) => hosts)].map(([host, hostObjects]) =>
    judge(host, findingsByHost.get(host) ?? [], byObject, hostObjects),
  );
  return verdicts.toSorted(byVerdict);
}

/** Returns the verdict on each object. A finding that closes a whole host blocks every Ingress of the host. */
export function judgeObjects(objects: readonly CheckedObject[], findings: readonly ReportedFinding[]): ObjectVerdict[] {
  const byObject = indexByObject(objects);
  const findingsByObject = Map.groupBy(findings, ({ object }) => object);
  const closuresByHost = groupByHost(findings.filter(closesHost), ({ hosts }) => hosts);
  const verdicts = objects.map((checked): ObjectVerdict => {
    const closures = checked.hosts.flatMap((host) => closuresByHost.get(host) ?? []);
    const ownFindings = new Set([...(findingsByObject.get(formatObject(checked)) ?? []), ...closures]);
    return { kind: checked.kind, ...judge(checked.name, [...ownFindings], byObject, [checked]) };
  });
  return [...verdicts, ...judgeInvalidObjects(objects, findings)].toSorted(byVerdict);
}

/** Objects by their names in findings: "Ingress namespace/name". */
type CheckedByObject = ReadonlyMap<string, CheckedObject>;

function indexByObject(objects: readonly CheckedObject[]): CheckedByObject {
  return new Map(objects.map((checked) => [formatObject(checked), checked]));
}

/** Groups items by each of their hosts. */
function groupByHost<T>(items: readonly T[], list: (item: T) => readonly string[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    for (const host of list(item)) {
      const group = groups.get(host);
      if (group) group.push(item);
      else groups.set(host, [item]);
    }
  }
  return groups;
}

/** An object that is not readable has no known host. It can move after it is corrected. */
function judgeInvalidObjects(objects: readonly CheckedObject[], findings: readonly ReportedFinding[]): ObjectVerdict[] {
  const readableObjects = new Set(objects.map(formatObject));
  const invalidObjects = findings
    .filter(({ rule, object }) => rule === "InvalidObject" && !readableObjects.has(object))
    .map(({ object }) => object);
  return [...new Set(invalidObjects)].flatMap((object): ObjectVerdict[] => {
    const [kindName = "", name = ""] = object.split(" ");
    const kind = CHECKED_KINDS.find((candidate) => candidate === kindName);
    if (kind === undefined) return [];
    const verdict = {
      name,
      verdict: "after-one-change",
      changes: 1,
      causes: ["InvalidObject"],
      differences: 0,
    } as const;
    return [{ kind, ...verdict, ...listNames([{ kind, name }]) }];
  });
}

function listNames(objects: readonly Pick<CheckedObject, "kind" | "name">[]): Pick<Verdict, "ingresses" | "objects"> {
  const ingresses = objects.filter(({ kind }) => kind === "Ingress").map(({ name }) => name);
  return { ingresses: ingresses.toSorted(compareText), objects: objects.map(formatObject).toSorted(compareText) };
}

function judge(
  name: string,
  findings: readonly ReportedFinding[],
  byObject: CheckedByObject,
  objects: readonly CheckedObject[],
): Verdict {
  const blockingFindings = findings.filter(isBlocking);
  const changes = new Set(blockingFindings.map(buildChangeKey)).size;
  return {
    name,
    verdict: chooseVerdict(
      changes,
      blockingFindings.some((finding) => isImmovable(finding, byObject)),
    ),
    changes,
    causes: [...new Set(blockingFindings.map(({ cause }) => cause))],
    differences: findings.filter((finding) => isDifference(finding) && !isBlocking(finding)).length,
    ...listNames(objects),
  };
}

function chooseVerdict(changes: number, isImmovableHost: boolean): VerdictKind {
  if (isImmovableHost) return "cannot-move";
  if (changes === 0) return "now";
  return changes === 1 ? "after-one-change" : "after-more-changes";
}

/** Whether a finding must be resolved before its host moves: an error, or a host in no zone. */
export function isBlocking(finding: ReportedFinding): boolean {
  const { kind, rule, hosts, object } = finding;
  const isJudged = hosts.length > 0 || /^(?:Gateway|ListenerSet|GatewayClass) /.test(object);
  return isJudged && (kind === "error" || rule === "HostNotInZone") && !isConsequence(finding);
}

/** Whether an annotation of another Ingress closes the host. The finding about that annotation blocks the Ingress. */
function isConsequence({ rule, field }: ReportedFinding): boolean {
  return rule === "RouteFailedClosed" && field === "spec.rules";
}

function isDifference({ kind }: ReportedFinding): boolean {
  return kind === "unsupported" || kind === "different";
}

/** Several annotations with the same remedy need one change. */
function buildChangeKey({ rule, cause, remedy }: ReportedFinding): string {
  return cause.startsWith(`${rule} `) ? `${rule} ${remedy}` : cause;
}

function isImmovable({ rule, field, object }: ReportedFinding, byObject: CheckedByObject): boolean {
  if (rule !== "RouteFailedClosed") return false;
  const key = /^metadata\.annotations\[(.*)\]$/.exec(field)?.[1] ?? "";
  const pattern = IMMOVABLE_ANNOTATIONS[key.slice(key.indexOf("/") + 1)];
  return pattern?.test(byObject.get(object)?.annotations[key]?.trim() ?? "") ?? false;
}

/** Whether an annotation closes every path of its host, for all of its objects. */
function closesHost({ rule, field }: ReportedFinding): boolean {
  const key = /^metadata\.annotations\[(.*)\]$/.exec(field)?.[1] ?? "";
  return (
    rule === "RouteFailedClosed" && annotationCatalog.get(key.slice(key.indexOf("/") + 1))?.policy.scope === "host"
  );
}

function byVerdict(a: Verdict, b: Verdict): number {
  return (
    VERDICTS.indexOf(a.verdict) - VERDICTS.indexOf(b.verdict) || a.changes - b.changes || compareText(a.name, b.name)
  );
}
