import { ANNOTATION_PREFIXES } from "../collect/annotation-names.ts";
import type { Ingress } from "../collect/cluster-model.ts";
import type { ParsedAnnotations } from "../compile/model.ts";
import { annotationCatalog } from "../compile/select/annotation-catalog.ts";
import { readAnnotations } from "../compile/select/annotations.ts";
import { buildCorsFilter, CORS_ANNOTATIONS } from "./cors-filter.ts";
import { buildRedirectFilter, REDIRECT_ANNOTATIONS } from "./redirect-filter.ts";
import { buildRewriteFilters, findRewriteProblem, makesRegexPaths, REWRITE_ANNOTATIONS } from "./rewrite-filters.ts";
import type { FilterManifest } from "./route-manifest.ts";

/** The annotations of an Ingress as parts of HTTPRoutes. */
export interface ConvertedAnnotations {
  readonly values: ParsedAnnotations["values"];
  /** Filters of every rule that has a backend. */
  readonly filters: readonly FilterManifest[];
  /** The filter that answers all requests, if there is one. */
  readonly redirect: FilterManifest | undefined;
  /** Whether http redirects to https: always, or only for hosts with a certificate. */
  readonly httpsRedirect: "always" | "with-certificate" | "never";
  readonly appRoot: string | undefined;
  /** Whether all paths of its hosts are regexes. */
  readonly hasRegexPaths: boolean;
  /** Annotations that apply to HTTPRoutes too, under edgress.dev/. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Why the Ingress cannot be converted. */
  readonly problems: readonly { readonly field: string; readonly problem: string }[];
}

const OWN_PREFIX = ANNOTATION_PREFIXES[0];
const CANARY_ANNOTATION = /^canary(-|$)/;
const ALWAYS_CONVERTED = ["ssl-redirect", "force-ssl-redirect", "preserve-trailing-slash", "backend-protocol"];
const HOST_ANNOTATIONS = ["app-root", "from-to-www-redirect", "server-alias"];

/** Converts the annotations of an Ingress. Those without a counterpart keep their effect under edgress.dev/. */
export function convertAnnotations(ingress: Ingress): ConvertedAnnotations {
  const parsed = readAnnotations(ingress, () => {});
  const { values } = parsed;
  const redirect = buildRedirectFilter(values.redirect);
  const cors = buildCorsFilter(values.cors);
  const rewrites = buildRewriteFilters(values, parsed.isLegacy("rewrite-target"));
  const writesPort = values.sslRedirect["use-port-in-redirects"] === true;
  const converted = new Set([
    ...ALWAYS_CONVERTED.filter((name) => !writesPort || !name.includes("redirect")),
    ...HOST_ANNOTATIONS,
    ...(redirect ? REDIRECT_ANNOTATIONS : []),
    ...(cors ? CORS_ANNOTATIONS : []),
    ...REWRITE_ANNOTATIONS.filter((name) => name !== "upstream-vhost" || rewrites.hasHost),
  ]);
  return {
    values,
    filters: [...(cors ? [cors] : []), ...rewrites.filters],
    redirect,
    httpsRedirect: writesPort || redirectsAll(values.redirect) ? "never" : readHttpsRedirect(values.sslRedirect),
    appRoot: (values.appRoot["app-root"] as string | undefined) || undefined,
    hasRegexPaths: makesRegexPaths(values, parsed.isLegacy("rewrite-target")),
    annotations: keepAnnotations(ingress, converted, writesPort),
    problems: listProblems(parsed),
  };
}

/** ingress-nginx redirects to the URL before it redirects to https. */
function redirectsAll(values: Readonly<Record<string, unknown>>): boolean {
  return Boolean(values["temporal-redirect"] || values["permanent-redirect"]);
}

function readHttpsRedirect(values: Readonly<Record<string, unknown>>): ConvertedAnnotations["httpsRedirect"] {
  if (values["force-ssl-redirect"] === true) return "always";
  return values["ssl-redirect"] === false ? "never" : "with-certificate";
}

/** Keeps the other annotations as they are, so that no guard is lost. The first prefix counts, as for an Ingress. */
function keepAnnotations(
  { annotations }: Ingress,
  converted: ReadonlySet<string>,
  writesPort: boolean,
): Readonly<Record<string, string>> {
  const isKept = (name: string) =>
    !CANARY_ANNOTATION.test(name) && !converted.has(annotationCatalog.get(name)?.name ?? name);
  const kept = new Map(
    ANNOTATION_PREFIXES.toReversed().flatMap((prefix) =>
      Object.entries(annotations)
        .filter(([key]) => key.startsWith(prefix) && isKept(key.slice(prefix.length)))
        .map(([key, text]) => [OWN_PREFIX + key.slice(prefix.length), text] as const),
    ),
  );
  // An HTTPRoute has no spec.tls, so only the forced redirect applies to it.
  const redirects = writesPort && kept.get(`${OWN_PREFIX}ssl-redirect`) !== "false";
  return { ...Object.fromEntries(kept), ...(redirects && { [`${OWN_PREFIX}force-ssl-redirect`]: "true" }) };
}

function listProblems({ values, closingReason }: ParsedAnnotations): ConvertedAnnotations["problems"] {
  const protocol = values.upstream["backend-protocol"];
  const appRoot = values.appRoot["app-root"];
  const rewriteProblem = findRewriteProblem(values);
  return [
    ...(closingReason === undefined
      ? []
      : [{ field: "metadata.annotations", problem: `${closingReason}; correct it first` }]),
    ...(rewriteProblem ? [buildProblem(rewriteProblem.annotation, rewriteProblem.problem)] : []),
    ...(protocol !== undefined && String(protocol).toUpperCase() !== "HTTP"
      ? [buildProblem("backend-protocol", "set appProtocol of the Service's port instead")]
      : []),
    ...(typeof appRoot === "string" && appRoot.includes("$")
      ? [buildProblem("app-root", "a RequestRedirect has no variables")]
      : []),
  ];
}

/** Returns a problem of an annotation by its name without prefix. */
export function buildProblem(annotation: string, problem: string) {
  return { field: `metadata.annotations[${annotation}]`, problem };
}
