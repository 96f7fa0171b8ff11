import { compareText } from "../../../src/rules/compare-text.ts";
import { type Cluster, type Ingress, nameOf } from "../../collect/cluster-model.ts";
import { annotationCatalog } from "../../compile/select/annotation-catalog.ts";
import { listHosts } from "./place.ts";
import { type ReportedFinding, VERDICTS, type Verdict, type VerdictKind } from "./report.ts";

/** Annotations whose effect the edge cannot have, by the values that have it. */
const IMMOVABLE_ANNOTATIONS: Readonly<Record<string, RegExp>> = {
  "ssl-passthrough": /^(?:1|t|true)$/i,
  "backend-protocol": /^(?:GRPCS?|FCGI)$/i,
  "stream-snippet": /./,
};

/** Returns the verdict on each host, those that can move first. */
export function judgeHosts(cluster: Pick<Cluster, "ingresses">, findings: readonly ReportedFinding[]): Verdict[] {
  const ingressesByObject = indexByObject(cluster);
  const findingsByHost = groupByHost(findings, ({ hosts }) => hosts);
  const verdicts = [...groupByHost(cluster.ingresses, listHosts)].map(([host, ingresses]) =>
    judge(host, findingsByHost.get(host) ?? [], ingressesByObject, ingresses.map(nameOf)),
  );
  return verdicts.toSorted(byVerdict);
}

/** Returns the verdict on each Ingress. A finding that closes a whole host blocks every Ingress of the host. */
export function judgeIngresses(cluster: Pick<Cluster, "ingresses">, findings: readonly ReportedFinding[]): Verdict[] {
  const ingressesByObject = indexByObject(cluster);
  const findingsByObject = Map.groupBy(findings, ({ object }) => object);
  const closuresByHost = groupByHost(findings.filter(closesHost), ({ hosts }) => hosts);
  const verdicts = cluster.ingresses.map((ingress) => {
    const closures = listHosts(ingress).flatMap((host) => closuresByHost.get(host) ?? []);
    const ownFindings = new Set([...(findingsByObject.get(`Ingress ${nameOf(ingress)}`) ?? []), ...closures]);
    return judge(nameOf(ingress), [...ownFindings], ingressesByObject, [nameOf(ingress)]);
  });
  return [...verdicts, ...judgeInvalidIngresses(cluster, findings)].toSorted(byVerdict);
}

/** Ingresses by the object of their findings: "Ingress namespace/name". */
type IngressesByObject = ReadonlyMap<string, Ingress>;

function indexByObject({ ingresses }: Pick<Cluster, "ingresses">): IngressesByObject {
  return new Map(ingresses.map((ingress) => [`Ingress ${nameOf(ingress)}`, ingress]));
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

/** An Ingress that is not readable has no known host. It can move after it is corrected. */
function judgeInvalidIngresses(
  { ingresses }: Pick<Cluster, "ingresses">,
  findings: readonly ReportedFinding[],
): Verdict[] {
  const readableObjects = new Set(ingresses.map((ingress) => `Ingress ${nameOf(ingress)}`));
  const objects = findings
    .filter(
      ({ rule, object }) => rule === "InvalidObject" && object.startsWith("Ingress ") && !readableObjects.has(object),
    )
    .map(({ object }) => object.slice("Ingress ".length));
  return [...new Set(objects)].map((name) => ({
    name,
    verdict: "after-one-change",
    changes: 1,
    causes: ["InvalidObject"],
    differences: 0,
    ingresses: [name],
  }));
}

function judge(
  name: string,
  findings: readonly ReportedFinding[],
  ingressesByObject: IngressesByObject,
  ingressNames: readonly string[],
): Verdict {
  const blockingFindings = findings.filter(isBlocking);
  const changes = new Set(blockingFindings.map(buildChangeKey)).size;
  return {
    name,
    verdict: chooseVerdict(
      changes,
      blockingFindings.some((finding) => isImmovable(finding, ingressesByObject)),
    ),
    changes,
    causes: [...new Set(blockingFindings.map(({ cause }) => cause))],
    differences: findings.filter((finding) => isDifference(finding) && !isBlocking(finding)).length,
    ingresses: ingressNames.toSorted(compareText),
  };
}

function chooseVerdict(changes: number, isImmovableHost: boolean): VerdictKind {
  if (isImmovableHost) return "cannot-move";
  if (changes === 0) return "now";
  return changes === 1 ? "after-one-change" : "after-more-changes";
}

/** Whether a finding must be resolved before its host moves: an error, or a host in no zone. */
export function isBlocking(finding: ReportedFinding): boolean {
  const { kind, rule, hosts } = finding;
  return hosts.length > 0 && (kind === "error" || rule === "HostNotInZone") && !isConsequence(finding);
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

function isImmovable({ rule, field, object }: ReportedFinding, ingressesByObject: IngressesByObject): boolean {
  if (rule !== "RouteFailedClosed") return false;
  const key = /^metadata\.annotations\[(.*)\]$/.exec(field)?.[1] ?? "";
  const pattern = IMMOVABLE_ANNOTATIONS[key.slice(key.indexOf("/") + 1)];
  return pattern?.test(ingressesByObject.get(object)?.annotations[key]?.trim() ?? "") ?? false;
}

/** Whether an annotation closes every path of its host, for all Ingresses. */
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
