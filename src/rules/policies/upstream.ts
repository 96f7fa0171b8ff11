import * as z from "zod/mini";
import { integer, template, word } from "./annotation-types.ts";
import { type AnnotationRow, type AnnotationValues, definePolicy, type PolicyContext } from "./policy.ts";
import { buildRetry, MAX_TIMEOUT_S, RetrySettings, retryAnnotations } from "./retry-settings.ts";

/** nginx's proxy_read_timeout: how long an origin may take to begin its answer. */
export const DEFAULT_READ_TIMEOUT_S = 60;
export const UpstreamSettings = z.strictObject({
  hashBy: z.optional(z.string()),
  answerMs: z.optional(z.int()), // from the request's end to the answer's begin
  readMs: z.optional(z.int()), // between parts of the answer
  sendMs: z.optional(z.int()), // for the origin to take a part of the request
  retry: z.optional(RetrySettings),
});
export type UpstreamSettings = z.infer<typeof UpstreamSettings>;

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
  ...retryAnnotations,
};

/** How the origin is asked. */
export const upstream = /* @__PURE__ */ definePolicy({
  name: "upstream",
  doc: "Sets protocol, timeouts and retries of requests to the origin.",
  scope: "route",
  protects: false,
  appliesToCatchAll: true,
  allowedAsClassDefault: true,
  surprisesWhenInherited: true,
  pathLimited: { effect: "applies" },
  regexPaths: "never",
  furtherHosts: "none",
  settings: UpstreamSettings,
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
      default: `${DEFAULT_READ_TIMEOUT_S} to begin`,
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

/** The protocol of an Ingress's backends. "auto": by the port. */
export function readOriginProtocol(values: {
  readonly upstream: Readonly<Record<string, unknown>>;
}): "https" | "auto" | "http" {
  switch (values.upstream["backend-protocol"]) {
    case "HTTPS":
      return "https";
    case "AUTO_HTTP":
      return "auto";
    default:
      return "http";
  }
}
