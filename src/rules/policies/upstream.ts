import * as z from "zod/mini";
import { failure, type Result, success } from "../result.ts";
import { integer, template, word } from "./annotation-types.ts";
import {
  type Annotation,
  type AnnotationRow,
  type AnnotationValues,
  definePolicy,
  type PolicyContext,
} from "./policy.ts";

/** What may be wrong with an attempt for another address to be asked, and whether any method is asked again. */
export const RETRY_CONDITIONS = [
  "error",
  "timeout",
  "invalid_header",
  "http_500",
  "http_502",
  "http_503",
  "http_504",
  "http_403",
  "http_404",
  "http_429",
  "non_idempotent",
] as const;

/** nginx's proxy_read_timeout: how long an origin may take to begin its answer. */
export const DEFAULT_READ_TIMEOUT_S = 60;
const MAX_TIMEOUT_S = 2_000_000; // a timer takes 31 bits of milliseconds

const RetrySettings = z.strictObject({
  on: z.array(z.enum(RETRY_CONDITIONS)),
  tries: z.int(), // addresses asked at most; 0 for all
  withinMs: z.int(), // no address is asked later than this; 0 for no such limit
});
export type RetrySettings = z.infer<typeof RetrySettings>;

/** As in ingress-nginx where nothing is said. */
export const DEFAULT_RETRY: RetrySettings = { on: ["error", "timeout"], tries: 3, withinMs: 0 };

const Upstream = z.strictObject({
  hashBy: z.optional(z.string()),
  answerMs: z.optional(z.int()), // from the request's end to the answer's begin
  readMs: z.optional(z.int()), // between parts of the answer
  sendMs: z.optional(z.int()), // for the origin to take a part of the request
  retry: z.optional(RetrySettings),
});

const annotations = {
  "backend-protocol": word(
    {
      doc: "How the Service is spoken to. `AUTO_HTTP` takes what the port is for. `GRPC`, `GRPCS` and `FCGI` close the paths.",
      example: "HTTPS",
      default: "HTTP",
      support: "partial",
      difference:
        "HTTPS needs one of the ports 443, 2053, 2083, 2087, 2096 and 8443; whether the certificate is verified is the zone's SSL mode, and the name asked for is the request's host.",
    },
    ["HTTP", "HTTPS", "AUTO_HTTP", "GRPC", "GRPCS", "FCGI"],
  ),
  "upstream-hash-by": template(
    {
      doc: "Asks the same address for the same value.",
      example: "$request_uri",
      support: "partial",
      difference: "The edge chooses among external addresses; which Pod is asked is the cluster's choice.",
    },
    /^[-\w.~:/,?&=+ ${}|@]+$/,
    'text and variables such as "$request_uri"',
  ),
  ...buildTimeoutAnnotations(),
  "proxy-next-upstream": {
    doc: "When another of the Service's addresses is asked: a list of nginx's conditions, or `off`. POST, LOCK and PATCH are asked again only with `non_idempotent`, or where the first address got nothing of it.",
    example: "error timeout http_503",
    default: "error timeout",
    support: "partial",
    difference:
      "Only another address is asked, never the same again; a request whose body is over 64 KiB, or of unknown length, is asked once.",
    parse: parseRetryConditions,
  } satisfies Annotation<unknown>,
  "proxy-next-upstream-tries": integer(
    { doc: "Addresses that are asked at most; `0` for all.", example: "2", default: "3" },
    0,
  ),
  "proxy-next-upstream-timeout": integer(
    { doc: "Seconds after which no other address is asked; `0` for no such limit.", example: "10", default: "0" },
    0,
    MAX_TIMEOUT_S,
  ),
};

/** How the origin is asked. */
export const upstream = definePolicy({
  name: "upstream",
  scope: "route",
  settings: Upstream,
  annotations,
  fromAnnotations(values, context) {
    rejectUnsupportedProtocol(values, context);
    const settings = {
      ...(values["upstream-hash-by"] !== undefined && { hashBy: values["upstream-hash-by"] }),
      ...buildTimeouts(values),
      ...buildRetry(values),
    };
    return Object.keys(settings).length > 0 ? settings : undefined;
  },
});

type UpstreamValues = AnnotationValues<typeof annotations>;

function buildTimeoutAnnotations() {
  const seconds = (row: AnnotationRow) => integer(row, 1, MAX_TIMEOUT_S);
  return {
    "proxy-connect-timeout": seconds({
      doc: "Seconds to connect within, else 504.",
      example: "10",
      default: "19",
      support: "partial",
      difference:
        "The value is not used, since a fetch cannot tell connecting from waiting: Cloudflare gives up after some 19 s, and `proxy-read-timeout` counts from the request's end.",
    }),
    "proxy-send-timeout": seconds({
      doc: "Seconds that the origin may leave between taking parts of the request, else 504.",
      example: "120",
      default: "none",
      support: "partial",
      difference: "Without the annotation an origin that does not read is given up by Cloudflare.",
    }),
    "proxy-read-timeout": seconds({
      doc: "Seconds that the origin may take to begin its answer, else 504, and leave between parts of it.",
      example: "300",
      defaultText: `${DEFAULT_READ_TIMEOUT_S} until the response starts`,
      support: "partial",
      difference:
        "Without the annotation there is no limit between parts of the answer; an idle WebSocket is ended by Cloudflare alone.",
    }),
  };
}

function buildTimeouts(values: UpstreamValues) {
  const readTimeoutS = values["proxy-read-timeout"];
  const sendTimeoutS = values["proxy-send-timeout"];
  return {
    ...(readTimeoutS !== undefined && { answerMs: readTimeoutS * 1000, readMs: readTimeoutS * 1000 }),
    ...(sendTimeoutS !== undefined && { sendMs: sendTimeoutS * 1000 }),
  };
}

function buildRetry(values: UpstreamValues): { retry?: RetrySettings } {
  const on = values["proxy-next-upstream"] ?? DEFAULT_RETRY.on;
  const tries = values["proxy-next-upstream-tries"] ?? DEFAULT_RETRY.tries;
  const withinMs = (values["proxy-next-upstream-timeout"] ?? 0) * 1000;
  const isDefault = on === DEFAULT_RETRY.on && tries === DEFAULT_RETRY.tries && withinMs === 0;
  return isDefault ? {} : { retry: { on: [...on], tries, withinMs } };
}

function rejectUnsupportedProtocol(values: UpstreamValues, context: PolicyContext): void {
  const protocol = values["backend-protocol"];
  if (protocol === "GRPC" || protocol === "GRPCS" || protocol === "FCGI") {
    context.failClosed(
      "backend-protocol",
      `${protocol} cannot be had through a Worker`,
      "speak HTTP or HTTPS to the Service",
    );
  }
}

/** A list of conditions, separated by spaces; `off` overrules the others, as in nginx. */
function parseRetryConditions(text: string): Result<readonly (typeof RETRY_CONDITIONS)[number][]> {
  const words = text.split(/\s+/);
  const knownConditions = words.flatMap(
    (candidate) => RETRY_CONDITIONS.find((condition) => condition === candidate) ?? [],
  );
  const unknownWord = words.find(
    (candidate) => candidate !== "off" && !knownConditions.some((condition) => condition === candidate),
  );
  if (unknownWord !== undefined)
    return failure(`expected conditions such as ${RETRY_CONDITIONS.join(" ")}, or off, got "${unknownWord}"`);
  return success(words.includes("off") ? [] : [...new Set(knownConditions)]);
}
