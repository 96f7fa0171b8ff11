import * as z from "zod/mini";
import { appRoot } from "./app-root.ts";
import { closed } from "./closed.ts";
import { cors } from "./cors.ts";
import { hsts } from "./hsts.ts";
import { rewrite } from "./rewrite.ts";
import { sslRedirect } from "./ssl-redirect.ts";
import { unbacked } from "./unbacked.ts";

/** Every policy, outermost first: filters run in this order. */
export const policies = [
  appRoot, // of the host, so before a path is even looked for
  hsts, // on every answer of a path, its errors and redirects included
  closed, // a route that cannot be guarded answers nothing else
  cors, // browsers send preflights without a password, and follow no redirect for them
  sslRedirect, // nothing is asked for, and no answer given, in the clear
  unbacked, // ingress-nginx says that there is no backend before it asks who calls
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
