import * as z from "zod/mini";
import { failure, type Result, success } from "../result.ts";
import { flag, integer, text } from "./annotation-types.ts";
import { type Annotation, type AnnotationRow, definePolicy } from "./policy.ts";

const DEFAULT_METHODS = "GET, PUT, POST, DELETE, PATCH, OPTIONS";
const DEFAULT_HEADERS =
  "DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization";
const DEFAULT_MAX_AGE_S = 1_728_000;

/** "https://shop.example.com:8443", "https://*.example.com", "null": a wildcard as the first label only. */
const ORIGIN_PATTERN = /^(?:[a-z]+:\/\/(?:\*\.)?[A-Za-z0-9.-]+(?::\d+)?|null)$/;
/** A list of origins without spaces, as ingress-nginx reads it. It allows every origin if the list does not match. */
const ORIGIN_LIST_PATTERN = /^(?:[A-Za-z0-9.,-]|:\/\/|\*\.|:\d)+$/;
const MISSING_SCHEME = /(?:^|[^a-z]):\/\//;

/** A parsed list of origins. Invalid items are skipped, as in ingress-nginx. */
export interface CorsOrigins {
  readonly origins: readonly string[] | "any";
  readonly skipped: readonly string[];
}

const annotations = {
  "enable-cors": flag({
    doc: "Set CORS headers, and answer preflights (`OPTIONS`) with 204.",
    example: "true",
    default: "false",
  }),
  "cors-allow-origin": originList({
    doc: "Allowed origins: `*`, `null` or `scheme://host:port`. `*.` matches one label.",
    example: "https://shop.example.com, https://*.example.net",
    default: "*",
    support: "partial",
    difference:
      "Whole origins are compared, not only their ends. `Vary: Origin` is added if the response depends on it.",
  }),
  "cors-allow-methods": text(
    { doc: "Allowed methods.", example: "GET, POST", default: DEFAULT_METHODS },
    /^[A-Za-z]+(?:(?:,\s?|\s)[A-Za-z]+)*(?:,\s?|\s)?$/,
    'methods such as "GET, POST"',
  ),
  "cors-allow-headers": text(
    { doc: "Allowed request headers.", example: "Content-Type, X-Cart", default: DEFAULT_HEADERS },
    /^(?=.*[\w-])[A-Za-z0-9\-_, ]+$/,
    'header names such as "Content-Type, X-Cart"',
  ),
  "cors-expose-headers": text(
    { doc: "Response headers that scripts may read. `*` means all.", example: "X-Total-Count", default: "none" },
    /^[\w*-]+(?:(?:,\s?|\s)[\w*-]+)*(?:,\s?|\s)?$/,
    'header names such as "X-Total-Count", or "*"',
  ),
  "cors-allow-credentials": flag({
    doc: "Allow cookies and passwords.",
    example: "false",
    default: "true",
  }),
  "cors-max-age": integer(
    {
      doc: "Seconds that browsers may cache a preflight response.",
      example: "600",
      default: `${DEFAULT_MAX_AGE_S}`,
    },
    -1,
  ),
};

export const CorsSettings = z.strictObject({
  origins: z.optional(z.array(z.string())), // any if undefined
  methods: z.string(),
  headers: z.string(),
  exposed: z.optional(z.string()),
  credentials: z.boolean(),
  maxAge: z.int(), // seconds
});

/** Cross-origin resource sharing. The edge answers preflights, and sets headers on other responses. */
export const cors = /* @__PURE__ */ definePolicy({
  name: "cors",
  doc: "Answers CORS preflights and sets CORS headers.",
  scope: "route",
  protects: false,
  restricts: false,
  appliesToCatchAll: true,
  allowedAsClassDefault: true,
  surprisesWhenInherited: true,
  pathLimited: { effect: "applies" },
  regexPaths: "never",
  furtherHosts: "none",
  settings: CorsSettings,
  annotations,
  fromAnnotations(values, { warn }) {
    if (!values["enable-cors"]) return undefined;
    const { origins, skipped } = values["cors-allow-origin"] ?? { origins: "any", skipped: [] };
    for (const item of skipped) {
      warn(
        "cors-allow-origin",
        `expected an origin such as "https://shop.example.com", got "${item}"`,
        "correct the origin",
      );
    }
    if (origins.length === 0) return undefined; // no origin is allowed, the default of browsers
    const exposed = values["cors-expose-headers"];
    return {
      ...(origins !== "any" && { origins: origins as string[] }),
      methods: values["cors-allow-methods"] ?? DEFAULT_METHODS,
      headers: values["cors-allow-headers"] ?? DEFAULT_HEADERS,
      ...(exposed !== undefined && { exposed }),
      credentials: values["cors-allow-credentials"] ?? true,
      maxAge: values["cors-max-age"] ?? DEFAULT_MAX_AGE_S,
    };
  },
});

/** Skips invalid items. A list that ingress-nginx cannot read allows every origin. */
function originList(row: AnnotationRow): Annotation<CorsOrigins> {
  return { ...row, parse: parseOriginList };
}

function parseOriginList(input: string): Result<CorsOrigins> {
  const items = input.split(",").map((item) => item.trim());
  if (items.includes("*")) return success({ origins: "any", skipped: [] });
  const compactInput = input.replaceAll(" ", "");
  if (!ORIGIN_LIST_PATTERN.test(compactInput) || MISSING_SCHEME.test(compactInput)) {
    return failure(`expected origins such as "https://shop.example.com", got "${input}"; every origin is allowed`);
  }
  const entries = items.filter((item) => item !== "");
  return success({
    origins: entries.filter((item) => ORIGIN_PATTERN.test(item)),
    skipped: entries.filter((item) => !ORIGIN_PATTERN.test(item)),
  });
}
