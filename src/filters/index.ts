import type { Filter, HostContext, Next } from "../request/filter.ts";
import { type PolicyName, type PolicySettings, policyNames, type SettingsOf } from "../rules/policies/index.ts";
import { accessLog } from "./access-log.ts";
import { affinity } from "./affinity.ts";
import { appRoot } from "./app-root.ts";
import { authorization } from "./authorization/authorization.ts";
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
import { mirror } from "./mirror.ts";
import { noBackend } from "./no-backend.ts";
import { pathParameters } from "./path-parameters.ts";
import { proxyCookie } from "./proxy-cookie.ts";
import { proxyRedirect } from "./proxy-redirect.ts";
import { rateLimit } from "./rate-limit.ts";
import { redirect } from "./redirect.ts";
import { rewrite } from "./rewrite.ts";
import { routeCors } from "./route-cors.ts";
import { routeFilters } from "./route-filters.ts";
import { sslRedirect } from "./ssl-redirect.ts";
import { upstream } from "./upstream.ts";
import { upstreamVhost } from "./upstream-vhost.ts";
import { weightedBackends } from "./weighted-backends.ts";

/** The filter of every policy. This does not compile if one is missing. */
const filters: {
  [N in PolicyName]: (settings: SettingsOf<N>, hostContext: HostContext, allSettings: PolicySettings) => Filter;
} = {
  authorization,
  accessLog,
  affinity,
  appRoot,
  bodySize,
  canary,
  clientCertificate,
  failClosed,
  cors,
  customErrors,
  customHeaders,
  defaultBackend,
  fromToWww,
  hsts,
  rateLimit,
  mirror,
  pathParameters,
  proxyCookie,
  proxyRedirect,
  redirect,
  rewrite,
  routeCors,
  routeFilters,
  sslRedirect,
  noBackend,
  upstream,
  upstreamVhost,
  weightedBackends,
};

/** Builds the filter chain of settings around `terminal`, in the order of the policies. */
export function buildChain(settings: PolicySettings, terminal: Next, hostContext: HostContext): Next {
  return policyNames.reduceRight((next: Next, name) => {
    const policySettings = settings[name];
    if (policySettings === undefined) return next;
    // The cast: each filter gets the settings of its policy, which a loop cannot express.
    const createFilter = filters[name] as (
      settings: unknown,
      hostContext: HostContext,
      allSettings: PolicySettings,
    ) => Filter;
    const filter = createFilter(policySettings, hostContext, settings);
    return (exchange) => filter(exchange, next);
  }, terminal);
}
