import * as z from "zod/mini";
import { flag, list, optional, text } from "./annotation-types.ts";
import { definePolicy } from "./policy.ts";

const hostAlias = text(
  { doc: "", example: "" },
  /^[-._~a-zA-Z0-9/:^$[\](){}*+?|&=\\]+$/,
  'a host such as "shop.example.com"',
);

/**
 * Names that a host has beside its own. They get rules of their own (`sync/compile/claims/host-aliases.ts`); those of a name that is sent
 * to the host hold nothing but these settings.
 */
export const fromToWww = definePolicy({
  name: "fromToWww",
  scope: "host",
  settings: z.strictObject({ to: z.string() }),
  annotations: {
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
  },
  fromAnnotations: () => undefined,
});
