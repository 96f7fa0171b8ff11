import * as z from "zod/mini";
import { flag, integer, optional, template } from "./annotation-types.ts";
import { definePolicy, type PolicyContext } from "./policy.ts";

// Characters of a URL (RFC 3986), and of variables.
const URL_CHARACTERS = "[-._~a-zA-Z0-9:/?#[\\]@!$&'()*+,;=%{}]*";

/** Shared with the proxy-redirect policy. */
export const relativeRedirectsAnnotation = {
  "relative-redirects": optional(
    flag({
      doc: "Keep redirects to a path relative. Otherwise scheme and host are added.",
      example: "true",
      default: "false",
      guards: true,
    }),
  ),
};

export const RedirectSettings = z.strictObject({ code: z.int(), location: z.string(), isRelative: z.boolean() });

const annotations = {
  "permanent-redirect": template(
    {
      doc: "Redirect every request to this URL or path with 301. Variables are allowed; path and query are not appended.",
      example: "https://www.example.com$request_uri",
      default: "none",
      guards: true,
    },
    new RegExp(`^(?:(?:[a-zA-Z][a-zA-Z0-9+.-]*://|/|\\$)${URL_CHARACTERS})?$`),
    'a URL such as "https://www.example.com/new", or a path such as "/new"',
  ),
  "permanent-redirect-code": optional(
    integer(
      { doc: "Status of `permanent-redirect`, from 300 to 308.", example: "308", default: "301", guards: true },
      0,
    ),
  ),
  "temporal-redirect": template(
    {
      doc: "Redirect every request to this URL with 302. Overrides `permanent-redirect`.",
      example: "https://maintenance.example.com",
      default: "none",
      guards: true,
    },
    new RegExp(`^(?:(?:https?://|\\$)${URL_CHARACTERS})?$`),
    'a URL such as "https://maintenance.example.com"',
  ),
  "temporal-redirect-code": optional(
    integer(
      { doc: "Status of `temporal-redirect`, from 300 to 307.", example: "307", default: "302", guards: true },
      0,
    ),
  ),
  ...relativeRedirectsAnnotation,
};

/** Redirects every request of a route, before its guards. */
export const redirect = /* @__PURE__ */ definePolicy({
  name: "redirect",
  doc: "Redirects every request of a route.",
  scope: "route",
  protects: false,
  restricts: false,
  appliesToCatchAll: false,
  allowedAsClassDefault: true,
  surprisesWhenInherited: true,
  pathLimited: { effect: "applies" },
  regexPaths: "never",
  furtherHosts: "none",
  settings: RedirectSettings,
  annotations,
  fromAnnotations(values, context) {
    const isRelative = values["relative-redirects"] ?? false;
    const { "temporal-redirect": temporal, "permanent-redirect": permanent } = values;
    // The allowed statuses are ingress-nginx's, which returns 302 for a temporal 308.
    if (temporal) {
      const code = checkRedirectStatus("temporal-redirect-code", values["temporal-redirect-code"], 302, 307, context);
      return { code, location: temporal, isRelative };
    }
    if (!permanent) return undefined;
    const code = checkRedirectStatus("permanent-redirect-code", values["permanent-redirect-code"], 301, 308, context);
    return { code, location: permanent, isRelative };
  },
});

function checkRedirectStatus(
  annotation: string,
  status: number | undefined,
  defaultStatus: number,
  maxStatus: number,
  context: PolicyContext,
): number {
  if (status === undefined || (status >= 300 && status <= maxStatus)) return status ?? defaultStatus;
  context.warn(
    annotation,
    `expected 300 to ${maxStatus}, got ${status}; the default ${defaultStatus} applies`,
    "correct the status",
  );
  return defaultStatus;
}

/** Returns the URL to which a route redirects its clients, by a redirect annotation or by a URL as rewrite target. */
export function findRedirectLocation({
  redirect: settings,
  rewrite,
}: {
  readonly redirect?: z.infer<typeof RedirectSettings>;
  readonly rewrite?: { readonly type: string; readonly target: string };
}): string {
  return settings?.location ?? (rewrite?.type === "redirect" ? rewrite.target : "");
}
