import { mayNameHost } from "../../../../src/rules/policies/permitted-host.ts";
import { findFilterProblem } from "../../../../src/rules/policies/route-filter-problems.ts";
import type { PathChange, RouteFilter } from "../../../../src/rules/policies/route-filters.ts";
import type { BackendReference, HttpRouteFilter, PathModifier } from "../../../collect/gateway/http-route-model.ts";
import { listWholeHosts } from "../../../permits/model.ts";
import type { HostCompilation } from "../../hosts/host-compilation.ts";
import type { Claim } from "../../model.ts";
import { resolveReference } from "./resolve-reference.ts";
import { namesSettings } from "./rule-settings.ts";

type Redirect = NonNullable<HttpRouteFilter["requestRedirect"]>;
type ExternalAuth = NonNullable<HttpRouteFilter["externalAuth"]>;
type Modifier = NonNullable<HttpRouteFilter["requestHeaderModifier"]>;

/** The place of filters: those of a rule, or of one of its backends. */
export interface FilterPlace {
  readonly claim: Claim;
  readonly field: string; // "spec.rules[0].filters"
}

/** Returns the filters of a rule or backend for the edge, in their order. One that cannot be applied answers 500. */
export function buildRouteFilters(
  filters: readonly HttpRouteFilter[],
  place: FilterPlace,
  compilation: HostCompilation,
): RouteFilter[] {
  return filters.flatMap((filter, index) => {
    if (namesSettings(filter)) return []; // its settings are policies of the rule
    const field = `${place.field}[${index}]`;
    const built = buildFilter(filter, { ...place, field }, compilation);
    const problem = built && findFilterProblem(built);
    if (problem === undefined || built?.type === "reject") return built ?? [];
    return [rejectWith(problem, { ...place, field }, compilation)];
  });
}

/** Returns undefined for a filter that does nothing. */
function buildFilter(
  filter: HttpRouteFilter,
  place: FilterPlace,
  compilation: HostCompilation,
): RouteFilter | undefined {
  const { requestHeaderModifier, responseHeaderModifier, requestRedirect, urlRewrite, requestMirror, cors } = filter;
  if (requestHeaderModifier) return { type: "request-headers", ...buildHeaderChanges(requestHeaderModifier) };
  if (responseHeaderModifier) return { type: "response-headers", ...buildHeaderChanges(responseHeaderModifier) };
  if (requestRedirect) return buildRedirect(requestRedirect, place.claim);
  if (urlRewrite) return buildRewrite(urlRewrite, place, compilation);
  if (requestMirror) return buildMirror(requestMirror, place, compilation);
  if (cors) return buildCors(cors);
  if (filter.externalAuth) return buildExternalAuth(filter.externalAuth, place, compilation);
  return rejectWith(`unsupported filter: ${filter.type}`, place, compilation);
}

function buildHeaderChanges({ set, add, remove }: Modifier) {
  return {
    ...(set.length > 0 && { set: listFirstValues(set) }),
    ...(add.length > 0 && { add: listFirstValues(add) }),
    ...(remove.length > 0 && { remove: [...remove] }),
  };
}

/** Of entries with equal names, the specification uses the first one. */
function listFirstValues(entries: Modifier["set"]): [name: string, value: string][] {
  const names = entries.map(({ name }) => name.toLowerCase());
  return entries
    .filter(({ name }, index) => names.indexOf(name.toLowerCase()) === index)
    .map(({ name, value }) => [name, value]);
}

function buildRedirect({ scheme, hostname, path, port, statusCode }: Redirect, claim: Claim): RouteFilter {
  return {
    type: "redirect",
    ...((scheme === "http" || scheme === "https") && { scheme }),
    ...(hostname !== undefined && { host: hostname }),
    ...(port !== undefined && { port }),
    ...(path && { path: buildPathChange(path, claim) }),
    code: statusCode,
  };
}

function buildRewrite(
  { hostname, path }: NonNullable<HttpRouteFilter["urlRewrite"]>,
  place: FilterPlace,
  compilation: HostCompilation,
): RouteFilter {
  const { claim } = place;
  const { namespace } = claim.owner.ingress;
  if (
    hostname !== undefined &&
    !mayNameHost(hostname, claim.host, listWholeHosts(compilation.options.permits, namespace))
  ) {
    const problem = `host ${hostname} not permitted for namespace ${namespace}`;
    const remedy = "set a host of the namespace, or ask your edgress administrator to permit all of it in claims";
    compilation.report("HostHeaderNotPermitted", { ...claim.subject, field: place.field }, problem, remedy);
    return { type: "reject", status: 500, reason: problem };
  }
  return {
    type: "rewrite",
    ...(hostname !== undefined && { host: hostname }),
    ...(path && { path: buildPathChange(path, claim) }),
  };
}

function buildPathChange({ type, value }: PathModifier, { path }: Claim): PathChange {
  return type === "ReplacePrefixMatch"
    ? { type: "prefix", match: path, replacement: value }
    : { type: "full", path: value };
}

/** A mirror without a backend is left out: the request itself is served. */
function buildMirror(
  { backendRef, fraction }: NonNullable<HttpRouteFilter["requestMirror"]>,
  place: FilterPlace,
  compilation: HostCompilation,
): RouteFilter | undefined {
  const backend = findBackend(backendRef, place, compilation);
  const { numerator, denominator } = fraction;
  if (backend === undefined || numerator === 0) return undefined;
  return {
    type: "mirror",
    target: { via: "backend", backend, path: "$request_uri" },
    ...(numerator < denominator && { numerator, denominator }),
  };
}

function buildCors(cors: NonNullable<HttpRouteFilter["cors"]>): RouteFilter {
  return {
    type: "cors",
    origins: [...cors.allowOrigins],
    methods: [...cors.allowMethods],
    headers: [...cors.allowHeaders],
    expose: [...cors.exposeHeaders],
    credentials: cors.allowCredentials,
    maxAge: cors.maxAge,
  };
}

/** Without its service, authentication fails closed. */
function buildExternalAuth(settings: ExternalAuth, place: FilterPlace, compilation: HostCompilation): RouteFilter {
  const { backendRef, pathPrefix, allowedHeaders, allowedResponseHeaders, maxBodyBytes } = settings;
  const backend = findBackend(backendRef, place, compilation);
  if (backend === undefined)
    return { type: "reject", status: 500, reason: "the service of external authentication cannot be reached" };
  return {
    type: "external-auth",
    ...{ backend, pathPrefix, maxBodyBytes },
    requestHeaders: [...allowedHeaders],
    responseHeaders: [...allowedResponseHeaders],
  };
}

function findBackend(
  reference: BackendReference,
  { claim, field }: FilterPlace,
  compilation: HostCompilation,
): string | undefined {
  const resolution = resolveReference(reference, claim, field, compilation);
  return resolution.ok ? compilation.useBackend(resolution) : undefined;
}

function rejectWith(reason: string, { claim, field }: FilterPlace, { report }: HostCompilation): RouteFilter {
  const remedy = "correct the filter; until then the rule returns 500";
  report("UnsupportedRouteRule", { ...claim.subject, field }, reason, remedy);
  return { type: "reject", status: 500, reason };
}
