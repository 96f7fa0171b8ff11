import { foldLines } from "../../runtime/fold.ts";
import type { ClosedRoute } from "./closed-routes.ts";
import { isEmptyChange, type NameChanges, type RuleChanges } from "./summarize-changes.ts";

/** The changes of a publication: of the rules, the DNS records, and with `--manage-hosts` of the objects of hosts. */
export interface Changes extends RuleChanges {
  readonly records: NameChanges; // "edgress-0123.example.com A 203.0.113.10"
  readonly workersRoutes?: NameChanges; // "shop.example.com/*"
  readonly certificates?: NameChanges; // "shop.example.com from Secret default/shop-tls"
}

const KINDS = [
  { field: "hosts", one: "host", many: "hosts" },
  { field: "ingresses", one: "Ingress", many: "Ingresses" },
  { field: "routes", one: "route", many: "routes" },
  { field: "records", one: "DNS record", many: "DNS records" },
  { field: "workersRoutes", one: "Workers route", many: "Workers routes" },
  { field: "certificates", one: "certificate", many: "certificates" },
] as const;

/** Formats changes as lines that begin with +, ~ or -, and a line with all counts. No lines without changes. */
export function formatChanges(changes: Changes): string[] {
  const kinds = KINDS.flatMap(({ field, ...kind }) => {
    const names = changes[field];
    return names ? [{ ...kind, names }] : [];
  });
  if (kinds.every(({ names }) => isEmptyChange(names))) return [];
  const lines = kinds.flatMap(({ one, many, names: { added, changed, removed } }) => {
    return [
      ...formatNames("+", one, many, added),
      ...formatNames("~", one, many, changed),
      ...formatNames("-", one, many, removed),
    ];
  });
  return [...lines, `changes: ${kinds.map(({ many, names }) => `${many} ${formatCounts(names)}`).join(", ")}`];
}

/** Formats routes that answer 503. */
export function formatClosedRoutes(closedRoutes: readonly ClosedRoute[]): string[] {
  const lines = closedRoutes.map(
    ({ ingress, line, reason }) => `! route ${line}${ingress === "" ? "" : ` of ${ingress}`} returns 503: ${reason}`,
  );
  return foldLines(lines, (count) => `! … and ${count} more routes return 503`);
}

function formatNames(sign: string, one: string, many: string, names: readonly string[]): string[] {
  return foldLines(
    names.map((name) => `${sign} ${one} ${name}`),
    (count) => `${sign} … and ${count} more ${many}`,
  );
}

function formatCounts({ added, changed, removed }: NameChanges): string {
  return `+${added.length} ~${changed.length} -${removed.length}`;
}
