import { lookUp, tableOf } from "../../src/match/table.ts";
import { ANY_HOST } from "../../src/rules/hosts.ts";
import type { HostRules, Route, Rules } from "../../src/rules/snapshot.ts";
import type { Cluster, Ingress } from "../collect/cluster.ts";
import { type Read, readAnnotations } from "../compile/annotations.ts";
import type { Known } from "../compile/known.ts";
import { recallNothing } from "../compile/memory.ts";
import type { Options } from "../compile/options.ts";
import { nameOf, select } from "../compile/select.ts";
import type { Finding } from "./finding.ts";

/** An Ingress of ours, as it was written and as it was read. */
export interface Surveyed {
  readonly ingress: Ingress;
  readonly read: Read;
  readonly paths: readonly PathAt[];
}

/** A path of an Ingress, and the route that it became. */
export interface PathAt {
  readonly ingress: Ingress;
  readonly field: string;
  readonly host: string;
  readonly path: string; // "/" where none is written
  readonly pathType: string | undefined;
  readonly route: Route;
  /** Whether the Ingress itself makes it an expression; another of its host may do so too. */
  readonly isExpression: boolean;
  /** Whether requests get past the edge at all. */
  readonly isServed: boolean;
}

export interface SurveyedHost {
  readonly rules: HostRules;
  readonly paths: readonly PathAt[];
  /** Whether one path of the host is an expression, and so all are. */
  readonly hasExpressions: boolean;
  /** The route that takes a path, written without escapes. */
  readonly taking: (path: string) => Route | undefined;
}

export interface Survey {
  readonly ingresses: readonly Surveyed[];
  readonly hosts: readonly SurveyedHost[];
}

/** Joins what was written with what was compiled. */
export function surveyOf(cluster: Cluster, rules: Rules, options: Options): Survey {
  const read = select(
    cluster,
    options,
    recallNothing(() => {}),
  ).map((ingress) => ({
    ingress,
    read: readAnnotations(ingress, () => {}),
  }));
  const byName = new Map(read.map((entry) => [nameOf(entry.ingress), entry]));
  const hosts = rules.hosts.map((host) => surveyedHost(host, byName));
  const paths = hosts.flatMap((host) => host.paths);
  const ingresses = read.map((entry) => ({
    ...entry,
    paths: paths.filter(({ ingress }) => ingress === entry.ingress),
  }));
  return { ingresses, hosts };
}

type ByName = ReadonlyMap<string, Pick<Surveyed, "ingress" | "read">>;

function surveyedHost(rules: HostRules, byName: ByName): SurveyedHost {
  const table = tableOf(rules);
  return {
    rules,
    paths: rules.routes.flatMap((route) => pathAt(rules, route, byName)),
    hasExpressions: rules.routes.some(({ path }) => path.type === "regex"),
    taking: (path) => {
      const found = lookUp(table, path);
      return typeof found === "object" ? found.route : undefined;
    },
  };
}

function pathAt({ host, policies }: HostRules, route: Route, byName: ByName): PathAt[] {
  const [, name = "", rule, index] = /^(.*)#(\d+)\.(\d+)$/.exec(route.id) ?? [];
  const found = byName.get(name);
  const written = found?.ingress.rules[Number(rule)]?.paths[Number(index)];
  if (!found || !written) return [];
  const { rewrite } = route.policies;
  const usesRegex = found.read.values.rewrite["use-regex"] === true;
  return [
    {
      ingress: found.ingress,
      field: `spec.rules[${rule}].http.paths[${index}]`,
      host,
      path: written.path || "/",
      pathType: written.pathType,
      route,
      isExpression: usesRegex || (rewrite !== undefined && rewrite.type !== "prefix"),
      isServed: !policies.closed && !route.policies.closed && !route.policies.unbacked,
    },
  ];
}

/** Where a finding stands, for a path or for a field of an Ingress. */
export function at(ingress: Ingress, field: string): Pick<Finding, "object" | "field" | "source"> {
  return { object: `Ingress ${nameOf(ingress)}`, field, source: ingress.source };
}

/** A URL of a path's host that is not sent to https first; a wildcard's label, and any host, are made up. */
export function urlOf({ host, route }: Pick<PathAt, "host" | "route">, path: string): string {
  const scheme = route.policies.sslRedirect ? "https" : "http";
  const name = host === ANY_HOST ? "any.example.com" : host.replace("*", "any");
  return `${scheme}://${name}${path}`;
}

/** Whether a path means itself where it is read as an expression, but for its dots. */
export function isPlain(path: string): boolean {
  return /^[\w/.~!@%&=:,;'-]*$/.test(path);
}

/** What an annotation was read as, if it could be. */
export function readValue({ values }: Read, { policy, name }: Pick<Known, "policy" | "name">): unknown {
  return (values as Readonly<Record<string, Readonly<Record<string, unknown>>>>)[policy]?.[name];
}
