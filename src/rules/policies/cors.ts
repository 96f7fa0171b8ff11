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
/** What ingress-nginx reads as a list of origins, spaces apart; of any other it allows every origin. */
const ORIGIN_LIST_PATTERN = /^(?:[A-Za-z0-9.,-]|(?<=[a-z]):\/\/|\*\.|:\d)+$/;

/** A list of origins as it was read: what is no origin is left out of it, as in ingress-nginx. */
interface OriginList {
  readonly origins: readonly string[] | "any";
  readonly skipped: readonly string[];
}

const annotations = {
  "enable-cors": flag({
    doc: "Tells browsers which other origins may use the answers, and answers their preflights (`OPTIONS`) with 204.",
    example: "true",
    default: "false",
  }),
  "cors-allow-origin": originList({
    doc: "Origins that may: `*` for all, `null`, or `scheme://host:port`, where `*.` stands for one label.",
    example: "https://shop.example.com, https://*.example.net",
    default: "*",
    support: "partial",
    difference:
      "Origins are compared as a whole, not only by how they end; `Vary: Origin` is added where the answer depends on it.",
  }),
  "cors-allow-methods": text(
    { doc: "Methods that may be used.", example: "GET, POST", default: DEFAULT_METHODS },
    /^[A-Za-z]+(?:(?:,\s?|\s)[A-Za-z]+)*(?:,\s?|\s)?$/,
    'methods such as "GET, POST"',
  ),
  "cors-allow-headers": text(
    { doc: "Request headers that may be sent.", example: "Content-Type, X-Cart", default: DEFAULT_HEADERS },
    /^(?=.*[\w-])[A-Za-z0-9\-_, ]+$/,
    'header names such as "Content-Type, X-Cart"',
  ),
  "cors-expose-headers": text(
    { doc: "Response headers that scripts may read; `*` for all.", example: "X-Total-Count", default: "none" },
    /^[\w*-]+(?:(?:,\s?|\s)[\w*-]+)*(?:,\s?|\s)?$/,
    'header names such as "X-Total-Count", or "*"',
  ),
  "cors-allow-credentials": flag({
    doc: "Whether requests may carry cookies and passwords.",
    example: "false",
    default: "true",
  }),
  "cors-max-age": integer(
    {
      doc: "Seconds for which browsers may keep the answer to a preflight.",
      example: "600",
      default: `${DEFAULT_MAX_AGE_S}`,
    },
    -1,
  ),
};

export const CorsSettings = z.strictObject({
  origins: z.optional(z.array(z.string())), // without them, any
  methods: z.string(),
  headers: z.string(),
  exposed: z.optional(z.string()),
  credentials: z.boolean(),
  maxAge: z.int(), // seconds
});

/** Cross-origin resource sharing: preflights are answered at the edge, other answers say who may read them. */
export const cors = /* @__PURE__ */ definePolicy({
  name: "cors",
  doc: "Answers CORS preflights and sets CORS headers.",
  scope: "route",
  protects: false,
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
      warn("cors-allow-origin", `expected an origin such as "https://shop.example.com", got "${item}"`, "correct it");
    }
    if (origins.length === 0) return undefined; // nobody may, which is what browsers assume anyway
    const exposed = values["cors-expose-headers"];
    return {
      ...(origins !== "any" && { origins: [...origins] }),
      methods: values["cors-allow-methods"] ?? DEFAULT_METHODS,
      headers: values["cors-allow-headers"] ?? DEFAULT_HEADERS,
      ...(exposed !== undefined && { exposed }),
      credentials: values["cors-allow-credentials"] ?? true,
      maxAge: values["cors-max-age"] ?? DEFAULT_MAX_AGE_S,
    };
  },
});

/** Items that are no origin cost only themselves; a list that ingress-nginx could not read at all allows every origin. */
function originList(row: AnnotationRow): Annotation<OriginList> {
  return { ...row, parse: parseOriginList };
}

function parseOriginList(input: string): Result<OriginList> {
  const items = input.split(",").map((item) => item.trim());
  if (items.includes("*")) return success({ origins: "any", skipped: [] });
  if (!ORIGIN_LIST_PATTERN.test(input.replaceAll(" ", ""))) {
    return failure(`expected origins such as "https://shop.example.com", got "${input}": every origin is allowed`);
  }
  const entries = items.filter((item) => item !== "");
  return success({
    origins: entries.filter((item) => ORIGIN_PATTERN.test(item)),
    skipped: entries.filter((item) => !ORIGIN_PATTERN.test(item)),
  });
}
