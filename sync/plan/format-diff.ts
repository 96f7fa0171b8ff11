import type { FieldChange } from "../publish/changes/diff-policies.ts";
import type { ChangeType, HostDiff, RouteDiff } from "../publish/changes/diff-rules.ts";

const SIGNS = { added: "+", changed: "~", removed: "-" } as const satisfies Record<ChangeType, string>;
const MAX_VALUE_LENGTH = 160;

/** The Ingress that a route comes from, and where its object is: "shop.yaml:12". */
export type FindSource = (ingress: string) => string | undefined;

/** Formats the difference of one host: a line for it, for each of its routes, and for each of their values. */
export function formatHostDiff(
  { change, host, fields, routes }: HostDiff,
  findSource: FindSource = () => undefined,
): string[] {
  return [
    `${SIGNS[change]} host ${host}`,
    ...formatFields(change, fields).map((line) => `    ${line}`),
    ...routes.flatMap((route) => formatRoute(route, findSource)),
  ];
}

/** Counts hosts and routes by how they change: "hosts +1 ~2 -0, routes +4 ~1 -0". */
export function formatDiffCounts(hosts: readonly HostDiff[]): string {
  const routes = hosts.flatMap((host) => host.routes);
  return `hosts ${formatCounts(hosts)}, routes ${formatCounts(routes)}`;
}

function formatCounts(items: readonly { readonly change: ChangeType }[]): string {
  const count = (change: ChangeType) => items.filter((item) => item.change === change).length;
  return `+${count("added")} ~${count("changed")} -${count("removed")}`;
}

function formatRoute({ change, match, ingress, fields }: RouteDiff, findSource: FindSource): string[] {
  const source = findSource(ingress);
  const origin = ingress === "" ? "" : ` of ${ingress}${source === undefined ? "" : ` (${source})`}`;
  return [`  ${SIGNS[change]} ${match}${origin}`, ...formatFields(change, fields).map((line) => `      ${line}`)];
}

/** A removed route has no values worth reading. */
function formatFields(change: ChangeType, fields: readonly FieldChange[]): string[] {
  return change === "removed" ? [] : fields.map((field) => formatField(change, field));
}

function formatField(change: ChangeType, { field, before, after }: FieldChange): string {
  if (change === "added") return `${field}: ${shorten(after)}`;
  return `${field}: ${shorten(before)} → ${shorten(after)}`;
}

function shorten(value: string | undefined): string {
  if (value === undefined) return "none";
  return value.length <= MAX_VALUE_LENGTH ? value : `${value.slice(0, MAX_VALUE_LENGTH)}…`;
}
