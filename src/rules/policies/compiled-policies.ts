import type * as z from "zod/mini";
import { acceptDegraded } from "./accept-degraded.ts";
import { accessLog } from "./access-log.ts";
import { affinity } from "./affinity.ts";
import { appRoot } from "./app-root.ts";
import { authorization } from "./authorization.ts";
import { bodySize } from "./body-size.ts";
import { canary } from "./canary.ts";
import { clientCertificate } from "./client-certificate.ts";
import { cors } from "./cors.ts";
import { customErrors } from "./custom-errors.ts";
import { customHeaders } from "./custom-headers.ts";
import { defaultBackend } from "./default-backend.ts";
import { failClosed } from "./fail-closed.ts";
import { fromToWww } from "./from-to-www.ts";
import { hsts } from "./hsts.ts";
import { type PolicyName, policyNames } from "./index.ts";
import { mirror } from "./mirror.ts";
import { noBackend } from "./no-backend.ts";
import { noOpAnnotations } from "./no-op-annotations.ts";
import { pathParameters } from "./path-parameters.ts";
import type { Annotations, Policy, PolicyContext, RegexPaths } from "./policy.ts";
import { proxyCookie } from "./proxy-cookie.ts";
import { proxyRedirect } from "./proxy-redirect.ts";
import { rateLimit } from "./rate-limit.ts";
import { redirect } from "./redirect.ts";
import { rewrite } from "./rewrite.ts";
import { routeCors } from "./route-cors.ts";
import { routeFilters } from "./route-filters.ts";
import { sslRedirect } from "./ssl-redirect.ts";
import { unsupportedAnnotations } from "./unsupported.ts";
import { unsupportedHostAnnotations } from "./unsupported-host-annotations.ts";
import { upstream } from "./upstream.ts";
import { upstreamVhost } from "./upstream-vhost.ts";
import { weightedBackends } from "./weighted-backends.ts";

/** The compiler's part of every policy: this does not compile if one is missing. */
const policiesByName: { readonly [N in PolicyName]: { readonly name: N } } = {
  clientCertificate,
  pathParameters,
  fromToWww,
  appRoot,
  customErrors,
  customHeaders,
  hsts,
  accessLog,
  bodySize,
  failClosed,
  cors,
  routeCors,
  redirect,
  sslRedirect,
  noBackend,
  rateLimit,
  authorization,
  routeFilters,
  defaultBackend,
  mirror,
  canary,
  weightedBackends,
  affinity,
  upstreamVhost,
  proxyRedirect,
  proxyCookie,
  upstream,
  rewrite,
};

/** Policies without a filter. */
const compilerPolicies = [unsupportedHostAnnotations, acceptDegraded, unsupportedAnnotations, noOpAnnotations] as const;

export type CompiledPolicyName = PolicyName | (typeof compilerPolicies)[number]["name"];

type Values = Readonly<Record<string, unknown>>;

/** A policy without the types of its annotations and settings. Loops over all policies use it. */
export interface CompiledPolicy
  extends Omit<Policy<string, z.ZodMiniType, Annotations>, "name" | "fromAnnotations" | "regexPaths"> {
  readonly name: CompiledPolicyName;
  readonly regexPaths: RegexPaths<Values, unknown, string> | "never";
  readonly fromAnnotations: (values: Values, context: PolicyContext) => unknown;
}

/** Every policy that annotations configure, in the order of the filters. */
// The cast: each policy gets its own values and settings, which the type of a list cannot express.
export const compiledPolicies = [
  ...policyNames.map((name) => policiesByName[name]),
  ...compilerPolicies,
] as unknown as readonly CompiledPolicy[];
