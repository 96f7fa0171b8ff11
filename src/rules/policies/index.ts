import * as z from "zod/mini";
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
import { mirror } from "./mirror.ts";
import { noBackend } from "./no-backend.ts";
import { proxyCookie } from "./proxy-cookie.ts";
import { proxyRedirect } from "./proxy-redirect.ts";
import { rateLimit } from "./rate-limit.ts";
import { redirect } from "./redirect.ts";
import { rewrite } from "./rewrite.ts";
import { sslRedirect } from "./ssl-redirect.ts";
import { upstream } from "./upstream.ts";
import { upstreamVhost } from "./upstream-vhost.ts";

/** Every policy, outermost first: filters run in this order. */
export const policies = [
  clientCertificate, // a client that is not let in learns nothing of the host
  fromToWww, // a name that is only sent on has nothing else
  appRoot, // of the host, so before a path is even looked for
  customErrors, // its pages are passed on as they are
  hsts, // on every answer of a path, its errors and redirects included
  customHeaders, // likewise, and over what the origin and other policies set
  accessLog, // whatever the answer
  bodySize, // nginx looks at the length before anything that a path says
  failClosed, // a route that cannot be guarded answers nothing else
  cors, // browsers send preflights without a password, and follow no redirect for them
  redirect, // ingress-nginx redirects before it asks for https, or who calls
  sslRedirect, // nothing is asked for, and no answer given, in the clear
  noBackend, // ingress-nginx says that there is no backend before it asks who calls
  rateLimit, // whoever calls, so that guessing at passwords is limited too
  authorization, // last of what may refuse: it is what costs most to ask
  defaultBackend, // takes the place of the backend, behind the same policies
  mirror, // only what was let in
  canary, // which backend it is
  affinity, // which of the backend's addresses, and a cookie for the one that answered
  upstreamVhost, // speaks of the request as the client made it
  proxyRedirect, // what the origin says, not what other policies do
  proxyCookie, // likewise
  upstream, // how the origin is asked, once it is known which
  rewrite, // last: everything else speaks of the path that the client asked for
] as const;

type AnyPolicy = (typeof policies)[number];

export type PolicyName = AnyPolicy["name"];
export type SettingsOf<N extends PolicyName> = z.infer<Extract<AnyPolicy, { name: N }>["settings"]>;

/** The settings of a route, or of a host: only what it uses. */
export type PolicySettings = { [N in PolicyName]?: SettingsOf<N> };

// The cast: a shape that is made from a list loses the names that its type has.
export const PolicySettings = z.strictObject(
  Object.fromEntries(policies.map(({ name, settings }) => [name, z.optional(settings as z.ZodMiniType)])),
) as unknown as z.ZodMiniType<PolicySettings>;
