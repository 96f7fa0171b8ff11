import * as z from "zod/mini";
import { flag, integer, text, word } from "./annotation-types.ts";
import { type AnnotationRow, type AnnotationValues, definePolicy } from "./policy.ts";

const MAX_COOKIE_AGE_S = 1_000_000_000;
const DEFAULT_COOKIE_NAME = "INGRESSCOOKIE";

const Affinity = z.strictObject({
  cookie: z.string(),
  path: z.string(),
  domain: z.optional(z.string()),
  expires: z.optional(z.int()), // seconds
  maxAge: z.optional(z.int()), // seconds
  sameSite: z.optional(z.enum(["None", "Lax", "Strict"])),
  sameSiteNoneWhereKnown: z.boolean(),
  secure: z.boolean(), // over http too
  changeOnFailure: z.boolean(),
  // A canary that takes no part, since it asked for the behaviour of before.
  except: z.optional(z.string()),
});

const annotations = {
  affinity: word(
    {
      doc: "Keeps a client at the address that it was sent to first, by a cookie.",
      example: "cookie",
      support: "partial",
      difference: "Clients stay at an external address; which Pod is asked is the cluster's choice.",
    },
    ["cookie"],
  ),
  "affinity-mode": word(
    {
      doc: "Whether clients move when addresses are added. Here they stay, in both modes.",
      example: "persistent",
      default: "balanced",
      support: "partial",
      difference: "`balanced` does not move clients to new addresses.",
    },
    ["balanced", "persistent"],
  ),
  "affinity-canary-behavior": word(
    {
      doc: "On a canary: whether a client that it served once stays with it (`sticky`), or affinity is not for it (`legacy`).",
      example: "legacy",
      default: "sticky",
    },
    ["sticky", "legacy"],
  ),
  ...buildCookieAnnotations(),
};

type AffinityValues = AnnotationValues<typeof annotations>;

/** Whether clients come back to where they were. */
export const affinity = definePolicy({
  name: "affinity",
  scope: "route",
  settings: Affinity,
  annotations,
  fromAnnotations(values, { path, isFallback }): z.infer<typeof Affinity> | undefined {
    // As in ingress-nginx, for paths that are written only.
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

function buildCookieAnnotations() {
  const seconds = (row: AnnotationRow) => integer(row, -MAX_COOKIE_AGE_S, MAX_COOKIE_AGE_S); // in the past: dropped at once
  return {
    "session-cookie-name": text(
      { doc: "Names the cookie.", example: "route", default: DEFAULT_COOKIE_NAME },
      /^[-!#$%&'*+.^_`|~0-9A-Za-z]+$/,
      "the name of a cookie",
    ),
    "session-cookie-path": text(
      {
        doc: "The cookie's Path; wanted where paths are expressions.",
        example: "/app",
        defaultText: "the path as written",
      },
      /^\/[-._~a-zA-Z0-9/:,?&=]*$/,
      'a path such as "/app"',
    ),
    "session-cookie-domain": text(
      { doc: "The cookie's Domain.", example: "example.com" },
      /^[-._a-zA-Z0-9]+$/,
      "a DNS name",
    ),
    "session-cookie-expires": seconds({ doc: "The cookie's Expires, in seconds from now.", example: "172800" }),
    "session-cookie-max-age": seconds({ doc: "The cookie's Max-Age, in seconds.", example: "172800" }),
    "session-cookie-samesite": word({ doc: "The cookie's SameSite.", example: "Lax" }, ["None", "Lax", "Strict"]),
    "session-cookie-conditional-samesite-none": flag({
      doc: "Leaves `SameSite=None` out for browsers that take it for something else.",
      example: "true",
    }),
    "session-cookie-secure": flag({
      doc: "Makes the cookie Secure over http too; over https it always is.",
      example: "true",
    }),
    "session-cookie-change-on-failure": flag({
      doc: "Sets the cookie anew where its address failed and another answered; else the client stays.",
      example: "true",
    }),
  };
}
