import { bareName } from "../compile/known.ts";
import type { Finding } from "./finding.ts";
import { at, isPlain, type PathAt, type SurveyedHost, urlOf } from "./survey.ts";

/** What a host's paths take beside what they seem to, or answer otherwise than in ingress-nginx. */
export function hostQuirks(host: SurveyedHost): Finding[] {
  if (!host.hasExpressions) return host.paths.flatMap((path) => slashRedirect(path, host));
  const cause = host.paths.find(({ isExpression }) => isExpression);
  const plain = host.paths.filter(({ path }) => isPlain(path));
  return [
    ...(cause ? widening(cause, host) : []),
    ...plain.flatMap((path) => [...openEnd(path, host), ...dotWildcard(path, host)]),
    ...[...new Set(plain.map(({ ingress }) => ingress))].flatMap((ingress) => {
      const own = plain.filter((place) => place.ingress === ingress);
      return own.flatMap((place) => ignoredCase(place, host)).slice(0, 1);
    }),
  ];
}

/** ingress-nginx sends `/foo` to `/foo/` where only the latter is there; Kubernetes says nothing of the kind. */
function slashRedirect(place: PathAt, { paths }: SurveyedHost): Finding[] {
  const { path, ingress, field } = place;
  const bare = path.slice(0, -1);
  if (!path.endsWith("/") || bare === "" || paths.some((other) => other.path === bare)) return [];
  const url = urlOf(place, bare);
  const message = `ingress-nginx sends ${bare} to ${path} by redirect; the edge answers as Kubernetes says`;
  const found = { ...at(ingress, `${field}.path`), rule: "slash-redirect", kind: "differs" as const };
  return [{ ...found, message, url, nginx: `301 ${url}/` }];
}

function widening(cause: PathAt, host: SurveyedHost): Finding[] {
  const others = host.paths.filter(({ ingress, isExpression }) => ingress !== cause.ingress && !isExpression);
  if (others.length === 0) return [];
  const names = [...new Set(others.map(({ ingress }) => `${ingress.namespace}/${ingress.name}`))].join(", ");
  const example = others.find(({ path }) => isPlain(path) && !path.endsWith("/"));
  const message = `makes every path of ${cause.host} an expression, without case and open-ended, those of ${names} too`;
  const found = {
    ...at(cause.ingress, causeField(cause)),
    rule: "expression-widens-host",
    kind: "quirk" as const,
  };
  return [{ ...found, message, ...(example && shownBelow(example, host)) }];
}

function causeField({ ingress, route }: PathAt): string {
  const wanted = route.policies.rewrite ? "rewrite-target" : "use-regex";
  const key = Object.keys(ingress.annotations).find((candidate) => bareName(candidate) === wanted);
  return `metadata.annotations[${key ?? wanted}]`;
}

/** In nginx an expression is anchored at its start only, and Exact and Prefix are no more than that. */
function openEnd(place: PathAt, host: SurveyedHost): Finding[] {
  const { path, pathType, ingress, field } = place;
  const isExact = pathType === "Exact";
  if (path.endsWith("/") && !isExact) return [];
  const message = `${isExact ? "Exact" : "Prefix"} ${path} takes all that begins with it, since its host has expressions`;
  const rule = isExact ? "exact-is-open" : "prefix-is-open";
  return shown({ ...at(ingress, `${field}.path`), rule, kind: "quirk", message, ...shownBelow(place, host) });
}

function dotWildcard(place: PathAt, host: SurveyedHost): Finding[] {
  const { path, ingress, field } = place;
  if (!path.includes(".")) return [];
  const message = `the dot in ${path} stands for any character, since its host has expressions`;
  const found = { ...at(ingress, `${field}.path`), rule: "dot-is-wildcard", kind: "quirk" as const };
  return shown({ ...found, message, ...shownBy(place, host, [path.replaceAll(".", "x")]) });
}

function ignoredCase(place: PathAt, host: SurveyedHost): Finding[] {
  const { path, ingress, field } = place;
  if (!/[a-z]/i.test(path)) return [];
  const message = `upper and lower case are the same in all paths of ${place.host}, since it has expressions`;
  const other = path === path.toUpperCase() ? path.toLowerCase() : path.toUpperCase();
  const found = { ...at(ingress, `${field}.path`), rule: "case-is-ignored", kind: "quirk" as const };
  return shown({ ...found, message, ...shownBy(place, host, [other]) });
}

/** What no URL shows is as good as not there. */
function shown(finding: Finding): Finding[] {
  return finding.url === undefined ? [] : [finding];
}

function shownBelow(place: PathAt, host: SurveyedHost): Pick<Finding, "url"> {
  return shownBy(
    place,
    host,
    ["bar", "-and-more", "0"].map((more) => place.path + more),
  );
}

/** A URL of the first of `paths` that this path takes, and no other of its host. */
function shownBy(place: PathAt, { taking }: SurveyedHost, paths: readonly string[]): Pick<Finding, "url"> {
  const shown = paths.find((path) => taking(path) === place.route);
  return shown === undefined ? {} : { url: urlOf(place, shown) };
}
