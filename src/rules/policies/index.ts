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
import { ProxyCookieSettings } from "./proxy-cookie.ts";
import { ProxyRedirectSettings } from "./proxy-redirect.ts";
import { RateLimitSettings } from "./rate-limit.ts";
import { RedirectSettings } from "./redirect.ts";
import { RewriteSettings } from "./rewrite.ts";
import { SslRedirectSettings } from "./ssl-redirect.ts";
import { UpstreamSettings } from "./upstream.ts";
import { UpstreamVhostSettings } from "./upstream-vhost.ts";

/** The settings of every policy, outermost first: filters run in this order. */
const settingsByName = {
  clientCertificate: ClientCertificateSettings, // a client that is not let in learns nothing of the host
  fromToWww: FromToWwwSettings, // a name that is only sent on has nothing else
  appRoot: AppRootSettings, // of the host, so before a path is even looked for
  customErrors: CustomErrorsSettings, // its pages are passed on as they are
  hsts: HstsSettings, // on every answer of a path, its errors and redirects included
  customHeaders: CustomHeadersSettings, // likewise, and over what the origin and other policies set
  accessLog: AccessLogSettings, // whatever the answer
  bodySize: BodySizeSettings, // nginx looks at the length before anything that a path says
  failClosed: FailClosedSettings, // a route that cannot be guarded answers nothing else
  cors: CorsSettings, // browsers send preflights without a password, and follow no redirect for them
  redirect: RedirectSettings, // ingress-nginx redirects before it asks for https, or who calls
  sslRedirect: SslRedirectSettings, // nothing is asked for, and no answer given, in the clear
  noBackend: NoBackendSettings, // ingress-nginx says that there is no backend before it asks who calls
  rateLimit: RateLimitSettings, // whoever calls, so that guessing at passwords is limited too
  authorization: AuthorizationSettings, // last of what may refuse: it is what costs most to ask
  defaultBackend: DefaultBackendSettings, // takes the place of the backend, behind the same policies
  mirror: MirrorSettings, // only what was let in
  canary: CanarySettings, // which backend it is
  affinity: AffinitySettings, // which of the backend's addresses, and a cookie for the one that answered
  upstreamVhost: UpstreamVhostSettings, // speaks of the request as the client made it
  proxyRedirect: ProxyRedirectSettings, // what the origin says, not what other policies do
  proxyCookie: ProxyCookieSettings, // likewise
  upstream: UpstreamSettings, // how the origin is asked, once it is known which
  rewrite: RewriteSettings, // last: everything else speaks of the path that the client asked for
};

export type PolicyName = keyof typeof settingsByName;
export type SettingsOf<N extends PolicyName> = z.infer<(typeof settingsByName)[N]>;

/** Every policy, outermost first. */
export const policyNames = Object.keys(settingsByName) as readonly PolicyName[];

/** The settings of a route, or of a host: only what it uses. */
export type PolicySettings = { [N in PolicyName]?: SettingsOf<N> };

// The cast: a shape that is made in a loop loses the names that its type has.
export const PolicySettings = z.strictObject(
  Object.fromEntries(Object.entries<z.ZodMiniType>(settingsByName).map(([name, schema]) => [name, z.optional(schema)])),
) as unknown as z.ZodMiniType<PolicySettings>;
