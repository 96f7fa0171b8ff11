import * as z from "zod/mini";
import { AccessLogSettings } from "./access-log.ts";
import { AffinitySettings } from "./affinity.ts";
import { AppRootSettings } from "./app-root.ts";
import { AuthorizationSettings } from "./authorization.ts";
import { BodySizeSettings } from "./body-size.ts";
import { CanarySettings } from "./canary.ts";
import { ClientCertificateSettings } from "./client-certificate.ts";
import { CorsSettings } from "./cors.ts";
import { CustomErrorsSettings } from "./custom-errors.ts";
import { CustomHeadersSettings } from "./custom-headers.ts";
import { DefaultBackendSettings } from "./default-backend.ts";
import { FailClosedSettings } from "./fail-closed.ts";
import { FromToWwwSettings } from "./from-to-www.ts";
import { HstsSettings } from "./hsts.ts";
import { MirrorSettings } from "./mirror.ts";
import { NoBackendSettings } from "./no-backend.ts";
import { PathParametersSettings } from "./path-parameters.ts";
import { ProxyCookieSettings } from "./proxy-cookie.ts";
import { ProxyRedirectSettings } from "./proxy-redirect.ts";
import { RateLimitSettings } from "./rate-limit.ts";
import { RedirectSettings } from "./redirect.ts";
import { RewriteSettings } from "./rewrite.ts";
import { RouteCors, RouteFiltersSettings } from "./route-filters.ts";
import { SslRedirectSettings } from "./ssl-redirect.ts";
import { UpstreamSettings } from "./upstream.ts";
import { UpstreamVhostSettings } from "./upstream-vhost.ts";
import { WeightedBackendsSettings } from "./weighted-backends.ts";

/** The settings of every policy, outermost first: filters run in this order. */
const settingsByName = {
  clientCertificate: ClientCertificateSettings, // a rejected client learns nothing about the host
  pathParameters: PathParametersSettings, // before all that reads the path
  fromToWww: FromToWwwSettings, // a name that only redirects has no other policy
  appRoot: AppRootSettings, // of the host, so before a route is matched
  customErrors: CustomErrorsSettings, // other policies do not change its pages
  customHeaders: CustomHeadersSettings, // on every response of a path; overrides headers of the origin and other policies
  hsts: HstsSettings, // on every response of a path, including errors and redirects
  accessLog: AccessLogSettings, // applies to every response
  bodySize: BodySizeSettings, // nginx checks the length before all policies of a path
  failClosed: FailClosedSettings, // a route without its guard must not answer anything else
  cors: CorsSettings, // browsers send preflights without credentials and do not follow redirects for them
  routeCors: RouteCors, // the same
  redirect: RedirectSettings, // ingress-nginx redirects before it checks the scheme or the client
  sslRedirect: SslRedirectSettings, // credentials and responses must not be sent over http
  noBackend: NoBackendSettings, // ingress-nginx reports a missing backend before it checks the client
  rateLimit: RateLimitSettings, // before authorization, to limit password guessing too
  authorization: AuthorizationSettings, // last of the checks, because it is the most expensive
  routeFilters: RouteFiltersSettings, // they may call services and copy requests, so only for accepted requests
  defaultBackend: DefaultBackendSettings, // replaces the backend, behind the same policies
  mirror: MirrorSettings, // copies only accepted requests
  canary: CanarySettings, // selects the backend
  weightedBackends: WeightedBackendsSettings, // selects the backend, too
  affinity: AffinitySettings, // selects the backend's address and sets a cookie for it
  upstreamVhost: UpstreamVhostSettings, // uses variables of the client's original request
  proxyRedirect: ProxyRedirectSettings, // changes responses of the origin, not of other policies
  proxyCookie: ProxyCookieSettings, // the same
  upstream: UpstreamSettings, // sets timeouts and retries after the backend is selected
  rewrite: RewriteSettings, // last, because other policies use the path of the client
};

export type PolicyName = keyof typeof settingsByName;
export type SettingsOf<N extends PolicyName> = z.infer<(typeof settingsByName)[N]>;

/** Every policy, outermost first. */
export const policyNames = Object.keys(settingsByName) as readonly PolicyName[];

/** The settings of a route or host, for the policies that it uses. */
export type PolicySettings = { [N in PolicyName]?: SettingsOf<N> };

// The cast: a shape built in a loop loses the names of its type.
export const PolicySettings = z.strictObject(
  Object.fromEntries(Object.entries<z.ZodMiniType>(settingsByName).map(([name, schema]) => [name, z.optional(schema)])),
) as unknown as z.ZodMiniType<PolicySettings>;
