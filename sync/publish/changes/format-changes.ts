import { isHttpRouteOwner } from "../../../src/rules/storage/route-id.ts";
import { foldLines } from "../../runtime/fold.ts";
import type { ClosedRoute } from "./closed-routes.ts";
import { isEmptyChange, type NameChanges, type RuleChanges } from "./summarize-changes.ts";

/** The changes of a publication: of the rules, the DNS records, and with `--manage-hosts` of the objects of hosts. */
export interface Changes extends RuleChanges {
  readonly records: NameChanges; // "edgress-0123.example.com A 203.0.113.10"
  readonly workersRoutes?: NameChanges; // "shop.example.com/*"
  readonly certificates?: NameChanges; // "shop.example.com from Secret default/shop-tls"
}

interface KindChanges {
  readonly one: string;
  readonly many: string;
  readonly names: NameChanges | undefined; // undefined if the kind is not shown
}

function listKinds({ hosts, ingresses, routes, records, workersRoutes, certificates }: Changes): KindChanges[] {
  const httpRoutes = selectNames(ingresses, isHttpRouteOwner);
  return [
    { one: "host", many: "hosts", names: hosts },
    { one: "Ingress", many: "Ingresses", names: selectNames(ingresses, (name) => !isHttpRouteOwner(name)) },
    { one: "HTTPRoute", many: "HTTPRoutes", names: isEmptyChange(httpRoutes) ? undefined : withoutKind(httpRoutes) },
    { one: "route", many: "routes", names: routes },
    { one: "DNS record", many: "DNS records", names: records },
    { one: "Workers route", many: "Workers routes", names: workersRoutes },
    { one: "certificate", many: "certificates", names: certificates },
  ];
}

function selectNames({ added, changed, removed }: NameChanges, isSelected: (name: string) => boolean): NameChanges {
  return { added: added.filter(isSelected), changed: changed.filter(isSelected), removed: removed.filter(isSelected) };
}

/** Returns "shop/cart" for "HTTPRoute shop/cart". */
function withoutKind({ added, changed, removed }: NameChanges): NameChanges {
  const shorten = (name: string) => name.slice(name.indexOf(" ") + 1);
  return { added: added.map(shorten), changed: changed.map(shorten), removed: removed.map(shorten) };
}

/** Formats changes as lines that begin with +, ~ or -, and a line with all counts. No lines without changes. */
export function formatChanges(changes: Changes): string[] {
  const kinds = listKinds(changes).flatMap(({ names, ...kind }) => (names ? [{ ...kind, names }] : []));
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
