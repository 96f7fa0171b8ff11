import { type PolicyName, type PolicySettings, policies, type SettingsOf } from "../rules/policies/index.ts";
import { access } from "./access.ts";
import { accessLog } from "./access-log.ts";
import { affinity } from "./affinity.ts";
import { appRoot } from "./app-root.ts";
import { bodySize } from "./body-size.ts";
import { canary } from "./canary.ts";
import { clientCertificate } from "./client-certificate.ts";
import { closed } from "./closed.ts";
import { cors } from "./cors.ts";
import { customErrors } from "./custom-errors.ts";
import { customHeaders } from "./custom-headers.ts";
import { defaultBackend } from "./default-backend.ts";
import type { Filter, Next, Site } from "./filter.ts";
import { fromToWww } from "./from-to-www.ts";
import { hsts } from "./hsts.ts";
import { limits } from "./limits.ts";
import { mirror } from "./mirror.ts";
import { proxyCookie } from "./proxy-cookie.ts";
import { proxyRedirect } from "./proxy-redirect.ts";
import { redirect } from "./redirect.ts";
import { rewrite } from "./rewrite.ts";
import { sslRedirect } from "./ssl-redirect.ts";
import { unbacked } from "./unbacked.ts";
import { upstream } from "./upstream.ts";
import { upstreamVhost } from "./upstream-vhost.ts";

/** The edge's half of every policy: leave one out and this does not compile. */
const filters: { [N in PolicyName]: (settings: SettingsOf<N>, site: Site) => Filter } = {
  access,
  accessLog,
  affinity,
  appRoot,
  bodySize,
  canary,
  clientCertificate,
  closed,
  cors,
  customErrors,
  customHeaders,
  defaultBackend,
  fromToWww,
  hsts,
  limits,
  mirror,
  proxyCookie,
  proxyRedirect,
  redirect,
  rewrite,
  sslRedirect,
  unbacked,
  upstream,
  upstreamVhost,
};

/** The filters that settings ask for, around `last`: only what is used, in the order of the policies. */
export function chainOf(settings: PolicySettings, last: Next, site: Site): Next {
  return policies.reduceRight((next: Next, { name }) => {
    const given = settings[name];
    if (given === undefined) return next;
    // The cast: a table of mixed types meets a loop; each filter gets the settings of its own name.
    const filter = (filters[name] as (settings: unknown, site: Site) => Filter)(given, site);
    return (exchange) => filter(exchange, next);
  }, last);
}
