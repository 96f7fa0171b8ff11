import * as z from "zod/mini";
import { flag, integer, text, word } from "./annotation-types.ts";
import { type AnnotationRow, type AnnotationValues, definePolicy } from "./policy.ts";

const MAX_COOKIE_AGE_S = 1_000_000_000;
const DEFAULT_COOKIE_NAME = "INGRESSCOOKIE";

export const AffinitySettings = z.strictObject({
  cookie: z.string(),
  path: z.string(),
  domain: z.optional(z.string()),
  expires: z.optional(z.int()), // seconds
  maxAge: z.optional(z.int()), // seconds
  sameSite: z.optional(z.enum(["None", "Lax", "Strict"])),
  sameSiteNoneWhereKnown: z.boolean(),
  secure: z.boolean(), // over http too
  changeOnFailure: z.boolean(),
  // A canary without affinity, because its `affinity-canary-behavior` is `legacy`.
  except: z.optional(z.string()),
});
export type AffinitySettings = z.infer<typeof AffinitySettings>;

const cookieAnnotations = {
  "session-cookie-name": text(
    { doc: "Name of the cookie.", example: "route", default: DEFAULT_COOKIE_NAME },
    /^[-!#$%&'*+.^_`|~0-9A-Za-z]+$/,
    "a cookie name",
  ),
  "session-cookie-path": text(
    {
      doc: "`Path` of the cookie. Set it if paths are regexes.",
      example: "/app",
      default: "path of the rule",
    },
    /^\/[-._~a-zA-Z0-9/:,?&=]*$/,
    'a path such as "/app"',
  ),
  "session-cookie-domain": text(
    { doc: "`Domain` of the cookie.", example: "example.com", default: "none" },
    /^[-._a-zA-Z0-9]+$/,
    "a DNS name",
  ),
  "session-cookie-expires": seconds({
    doc: "`Expires` of the cookie, in seconds from now.",
    example: "172800",
    default: "none",
  }),
  "session-cookie-max-age": seconds({
    doc: "`Max-Age` of the cookie, in seconds.",
    example: "172800",
    default: "none",
  }),
  "session-cookie-samesite": word({ doc: "`SameSite` of the cookie.", example: "Lax", default: "none" }, [
    "None",
    "Lax",
    "Strict",
  ]),
  "session-cookie-conditional-samesite-none": flag({
    doc: "Omit `SameSite=None` for browsers that misread it.",
    example: "true",
    default: "false",
  }),
  "session-cookie-secure": flag({
    doc: "Set `Secure` over http too. Over https it is always set.",
    example: "true",
    default: "false",
  }),
  "session-cookie-change-on-failure": flag({
    doc: "Set a new cookie if the address failed and another answered.",
    example: "true",
    default: "false",
  }),
};

const annotations = {
  affinity: word(
    {
      doc: "Keep a client at its first address, with a cookie.",
      example: "cookie",
      default: "none",
      support: "partial",
      difference: "A client stays at an external address of the Service; the cluster selects the Pod.",
    },
    ["cookie"],
  ),
  "affinity-mode": word(
    {
      doc: "Whether clients move to new addresses (`balanced`) or stay (`persistent`).",
      example: "persistent",
      default: "balanced",
      support: "partial",
      difference: "Clients stay in both modes.",
    },
    ["balanced", "persistent"],
  ),
  "affinity-canary-behavior": word(
    {
      doc: "On a canary: keep its clients (`sticky`), or ignore affinity (`legacy`).",
      example: "legacy",
      default: "sticky",
    },
    ["sticky", "legacy"],
  ),
  ...cookieAnnotations,
};

type AffinityValues = AnnotationValues<typeof annotations>;

/** Keeps clients at one address. */
export const affinity = /* @__PURE__ */ definePolicy({
  name: "affinity",
  doc: "Keeps a client at one address with a cookie.",
  scope: "route",
  protects: false,
  restricts: false,
  appliesToCatchAll: true,
  allowedAsClassDefault: true,
  surprisesWhenInherited: true,
  pathLimited: { effect: "applies" },
  regexPaths: "never",
  furtherHosts: "none",
  settings: AffinitySettings,
  annotations,
  fromAnnotations(values, { path, isFallback }): AffinitySettings | undefined {
    // Not for unmatched paths, as in ingress-nginx.
    if (values.affinity !== "cookie" || isFallback) return undefined;
    return {
      cookie: values["session-cookie-name"] ?? DEFAULT_COOKIE_NAME,
      path: values["session-cookie-path"] ?? path,
      ...buildCookieAttributes(values),
      sameSiteNoneWhereKnown: values["session-cookie-conditional-samesite-none"] ?? false,
      secure: values["session-cookie-secure"] ?? false,
      changeOnFailure: values["session-cookie-change-on-failure"] ?? false,
    };
  },
});

function buildCookieAttributes(values: AffinityValues) {
  const domain = values["session-cookie-domain"];
  const expires = values["session-cookie-expires"];
  const maxAge = values["session-cookie-max-age"];
  const sameSite = values["session-cookie-samesite"];
  return {
    ...(domain !== undefined && { domain }),
    ...(expires !== undefined && { expires }),
    ...(maxAge !== undefined && { maxAge }),
    ...(sameSite !== undefined && { sameSite }),
  };
}

/** Whether a canary keeps its clients. */
export function keepsCanaryClients(values: { readonly affinity: Readonly<Record<string, unknown>> }): boolean {
  return values.affinity["affinity-canary-behavior"] !== "legacy";
}

/** Seconds, which may be negative to make the browser drop the cookie. */
function seconds(row: AnnotationRow) {
  return integer(row, -MAX_COOKIE_AGE_S, MAX_COOKIE_AGE_S);
}
