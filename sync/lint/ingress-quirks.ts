import { CAPTURE } from "../../src/rules/policies/rewrite.ts";
import type { Finding } from "./finding.ts";
import { at, isPlain, type PathAt, type Survey, type Surveyed, type SurveyedHost, urlOf } from "./survey.ts";

const LEGACY_PREFIX = "ingress.kubernetes.io/";
const EXPRESSION = /[()[\]{}*+?|^$\\]/;

/** What an Ingress relies on that its author may not know. */
export function ingressQuirks(surveyed: Surveyed, { hosts }: Survey): Finding[] {
  return [
    ...surveyed.paths.flatMap(rewriteToOne),
    ...rewriteOfBefore(surveyed),
    ...legacyPrefix(surveyed),
    ...typeMissing(surveyed),
    ...surveyed.paths.flatMap((path) => characters(path, hosts)),
    ...oldPrefixFlag(surveyed),
  ];
}

/** Since ingress-nginx 0.22 a target without groups is where every URL of the path goes. */
function rewriteToOne(place: PathAt): Finding[] {
  const { rewrite } = place.route.policies;
  if (rewrite?.type !== "replace" || rewrite.target.search(CAPTURE) >= 0) return [];
  const message = `rewrite-target ${rewrite.target} has no groups, so all that ${place.path} takes goes to this one path`;
  const shown = isPlain(place.path) && { url: below(place) };
  const found = { ...at(place.ingress, `${place.field}.path`), rule: "rewrite-without-groups", kind: "quirk" as const };
  return [{ ...found, message, ...shown }];
}

function rewriteOfBefore({ ingress, paths }: Surveyed): Finding[] {
  const place = paths.find(({ route }) => route.policies.rewrite?.type === "prefix");
  if (!place) return [];
  const field = `metadata.annotations[${LEGACY_PREFIX}rewrite-target]`;
  const message = "under the prefix of before 2018 the target replaces what the path matched, and the rest is kept";
  const url = below(place);
  const shown = isPlain(place.path) && { url, nginx: `${place.route.backend}, not rewritten` };
  return [{ ...at(ingress, field), rule: "rewrite-of-before-2018", kind: "differs", message, ...shown }];
}

function legacyPrefix({ ingress }: Surveyed): Finding[] {
  const keys = Object.keys(ingress.annotations).filter((key) => key.startsWith(LEGACY_PREFIX));
  if (keys.length === 0) return [];
  const message = `read here; ingress-nginx has read ${LEGACY_PREFIX} only with --annotations-prefix since 2017`;
  return keys.map((key) => ({
    ...at(ingress, `metadata.annotations[${key}]`),
    rule: "legacy-prefix",
    kind: "differs",
    message,
  }));
}

/** Only before networking.k8s.io/v1 could it be left out. */
function typeMissing({ ingress, paths }: Surveyed): Finding[] {
  const place = paths.find(({ pathType, path }) => !pathType && path !== "/");
  if (!place) return [];
  const message = "no pathType: read as Prefix, as in ingress-nginx since 0.32; before, /foo took /foobar too";
  const found = { ...at(ingress, `${place.field}.pathType`), rule: "path-type-missing", kind: "quirk" as const };
  const shown = isPlain(place.path) && { url: urlOf(place, `${place.path.replace(/\/$/, "")}bar`) };
  return [{ ...found, message, ...shown }];
}

function characters(place: PathAt, hosts: readonly SurveyedHost[]): Finding[] {
  const { path, pathType, ingress, field, host } = place;
  if (!EXPRESSION.test(path)) return [];
  const isRead = hosts.some(({ rules, hasExpressions }) => rules.host === host && hasExpressions);
  if (!isRead) {
    const message = `${path} looks like an expression, but nothing makes it one: it is taken as it is written; use-regex would`;
    return [{ ...at(ingress, `${field}.path`), rule: "expression-not-read", kind: "quirk", message }];
  }
  if (pathType !== "Prefix" && pathType !== "Exact") return [];
  const message = `${path} is an expression with pathType ${pathType}, which ingress-nginx's strict-validate-path-type refuses; ImplementationSpecific is meant`;
  return [{ ...at(ingress, `${field}.pathType`), rule: "path-type-of-expression", kind: "quirk", message }];
}

/** Until 0.24 x-forwarded-prefix was a flag. */
function oldPrefixFlag({ ingress }: Surveyed): Finding[] {
  const key = "nginx.ingress.kubernetes.io/x-forwarded-prefix";
  const value = ingress.annotations[key];
  if (value !== "true" && value !== "false") return [];
  const message = `"${value}" was a flag until ingress-nginx 0.24; since then the header has just that value: write the prefix itself`;
  return [{ ...at(ingress, `metadata.annotations[${key}]`), rule: "prefix-is-no-flag", kind: "quirk", message }];
}

function below(place: PathAt): string {
  return urlOf(place, `${place.path.replace(/\/$/, "")}/x`);
}
