import * as z from "zod/mini";
import { flag, list, optional, text } from "./annotation-types.ts";
import { definePolicy } from "./policy.ts";

const hostAlias = text(
  { doc: "", example: "" },
  /^[-._~a-zA-Z0-9/:^$[\](){}*+?|&=\\]+$/,
  'a host such as "shop.example.com"',
);

/** The annotations that add names to a host. */
export const FURTHER_HOSTS = { redirect: "from-to-www-redirect", aliases: "server-alias" } as const;

export const FromToWwwSettings = z.strictObject({ to: z.string() });

const annotations = {
  "from-to-www-redirect": optional(
    flag({
      doc: "Sends `www.` and the host to the host with 308, or the other way about, unless other rules name it.",
      example: "true",
      default: "false",
      guards: true,
    }),
  ),
  "server-alias": list(
    {
      doc: "Further names of the host, for all of its Ingresses; the oldest Ingress with aliases counts.",
      example: "shop.example.net, *.shop.example.com",
      support: "partial",
      difference: "A wildcard stands for one label, not for any number; expressions (`~…`) are left out.",
      guards: true,
    },
    hostAlias.parse,
  ),
};

/**
 * Names that a host has beside its own. They get rules of their own (`sync/compile/claims/host-aliases.ts`); those of a name that is sent
 * to the host hold nothing but these settings.
 */
export const fromToWww = /* @__PURE__ */ definePolicy({
  name: "fromToWww",
  doc: "Adds names to a host, as redirects or as aliases.",
  scope: "host",
  protects: false,
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
