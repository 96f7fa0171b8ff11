import * as z from "zod/mini";
import { flag, list, optional, text } from "./annotation-types.ts";
import { definePolicy } from "./policy.ts";

const hostAlias = text(
  { doc: "", example: "", default: "none" },
  /^[-._~a-zA-Z0-9/:^$[\](){}*+?|&=\\]+$/,
  'a host such as "shop.example.com"',
);

/** The annotations that add names to a host. */
export const FURTHER_HOSTS = { redirect: "from-to-www-redirect", aliases: "server-alias" } as const;

export const FromToWwwSettings = z.strictObject({ to: z.string() });

const annotations = {
  "from-to-www-redirect": optional(
    flag({
      doc: "Redirect `www.` of the host to the host with 308, or the reverse, unless rules exist for it.",
      example: "true",
      default: "false",
      guards: true,
    }),
  ),
  "server-alias": list(
    {
      doc: "Additional names of the host, for all its Ingresses. Only the aliases of the oldest Ingress apply.",
      example: "shop.example.net, *.shop.example.com",
      default: "none",
      support: "partial",
      difference: "A wildcard matches one label, not several. Regexes (`~…`) are ignored.",
      guards: true,
    },
    hostAlias.parse,
  ),
};

/**
 * Additional names of a host. Each name gets separate rules (`sync/compile/claims/host-aliases.ts`). The rules of a name
 * that redirects contain only these settings.
 */
export const fromToWww = /* @__PURE__ */ definePolicy({
  name: "fromToWww",
  doc: "Adds names to a host, as redirects or as aliases.",
  scope: "host",
  protects: false,
  restricts: false,
  appliesToCatchAll: true,
  allowedAsClassDefault: false,
  surprisesWhenInherited: true,
  pathLimited: { effect: "ignored" },
  regexPaths: "never",
  furtherHosts: FURTHER_HOSTS,
  settings: FromToWwwSettings,
  annotations,
  fromAnnotations: () => undefined,
});

/** The settings of a host that redirects to another. */
export function redirectHost(to: string): { fromToWww: { to: string } } {
  return { fromToWww: { to } };
}

/** The host that a host redirects to. */
export function readRedirectTarget(settings: { readonly fromToWww?: { readonly to: string } }): string | undefined {
  return settings.fromToWww?.to;
}

/** The names that an Ingress adds to its hosts, as written. */
export function readFurtherHosts(values: { readonly fromToWww: Readonly<Record<string, unknown>> }): {
  readonly redirectsWww: boolean;
  readonly aliases: readonly string[];
} {
  const { "from-to-www-redirect": redirectsWww, "server-alias": aliases } = values.fromToWww;
  return { redirectsWww: redirectsWww === true, aliases: (aliases ?? []) as readonly string[] }; // as its row reads it
}
