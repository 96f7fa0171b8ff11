import * as z from "zod/mini";
import { affinity } from "./affinity.ts";
import { appRoot } from "./app-root.ts";
import { bodySize } from "./body-size.ts";
import { canary } from "./canary.ts";
import { closed } from "./closed.ts";
import { hsts } from "./hsts.ts";
import { limits } from "./limits.ts";
import { mirror } from "./mirror.ts";
import { rewrite } from "./rewrite.ts";
import { sslRedirect } from "./ssl-redirect.ts";
import { unbacked } from "./unbacked.ts";
import { upstream } from "./upstream.ts";

/** Every policy, outermost first: filters run in this order. */
export const policies = [
  appRoot, // of the host, so before a path is even looked for
  hsts, // on every answer of a path, its errors and redirects included
  bodySize, // nginx looks at the length before anything that a path says
  closed, // a route that cannot be guarded answers nothing else
  sslRedirect, // nothing is asked for, and no answer given, in the clear
  unbacked, // ingress-nginx says that there is no backend before it asks who calls
  limits, // whoever calls, so that guessing at passwords is limited too
  mirror, // only what was let in
  canary, // which backend it is
  affinity, // which of the backend's addresses, and a cookie for the one that answered
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
