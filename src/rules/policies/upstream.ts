import * as z from "zod/mini";
import { integer, word } from "./annotation-types.ts";
import { BalanceMethod, balanceAnnotations, buildBalance } from "./balance-settings.ts";
import { buildHealthCheck, HealthCheckSettings, healthCheckAnnotations } from "./health-check.ts";
import { type AnnotationRow, type AnnotationValues, definePolicy, type PolicyContext } from "./policy.ts";
import { buildRetry, MAX_TIMEOUT_S, RetrySettings, retryAnnotations } from "./retry-settings.ts";

/** nginx's proxy_read_timeout: seconds until an origin must begin its response. */
export const DEFAULT_READ_TIMEOUT_S = 60;
export const UpstreamSettings = z.strictObject({
  balance: z.optional(BalanceMethod), // round robin if undefined
  hashBy: z.optional(z.string()), // consistent hash
  requestMs: z.optional(z.int()), // for all attempts, to the end of the response
  responseMs: z.optional(z.int()), // from the end of the request to the end of the response, for each attempt
  answerMs: z.optional(z.int()), // from the end of the request to the begin of the response, for each attempt; 0: no limit
  readMs: z.optional(z.int()), // between parts of the response
  sendMs: z.optional(z.int()), // for the origin to read a part of the request
  retry: z.optional(RetrySettings),
  check: z.optional(HealthCheckSettings),
});
export type UpstreamSettings = z.infer<typeof UpstreamSettings>;

const annotations = /* @__PURE__ */ createAnnotations();

/** Sets protocol, load balancing, timeouts and retries for the origin. */
export const upstream = /* @__PURE__ */ definePolicy({
  name: "upstream",
  doc: "Sets protocol, load balancing, timeouts and retries for the origin.",
  scope: "route",
  protects: false,
  restricts: false,
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
      ...buildBalance(values),
      ...buildHealthCheck(values),
      ...buildTimeouts(values),
      ...buildRetry(values),
    };
    return Object.keys(settings).length > 0 ? settings : undefined;
  },
});

/** Returns settings whose requests to the origin have further settings. */
export function withUpstream<S extends { readonly upstream?: UpstreamSettings | undefined }>(
  settings: S,
  changes: UpstreamSettings,
): S {
  return { ...settings, upstream: { ...settings.upstream, ...changes } };
}

const GRPC_REMEDY =
  "serve the path with HTTP or gRPC-Web, or keep its host on ingress-nginx with a DNS record that is not proxied";
const FASTCGI_REMEDY = "run an HTTP server in front of FastCGI, and set HTTP";

type UpstreamValues = AnnotationValues<typeof annotations>;

function buildTimeoutAnnotations() {
  const seconds = (row: AnnotationRow) => integer(row, 1, MAX_TIMEOUT_S);
  return {
    "proxy-connect-timeout": seconds({
      doc: "Seconds to connect to the origin, before 504.",
      example: "10",
      default: "19",
      support: "partial",
      difference:
        "The value is ignored, because a Worker cannot measure the connect time. Cloudflare aborts after about 19 s.",
    }),
    "proxy-send-timeout": seconds({
      doc: "Seconds between two reads of the request's body by the origin, before 504.",
      example: "120",
      default: "none",
      support: "partial",
      difference: "Without the annotation Cloudflare aborts a request that the origin does not read.",
    }),
    "proxy-read-timeout": seconds({
      doc: "Seconds until the origin must begin its response, before 504, and between its parts.",
      example: "300",
      default: `${DEFAULT_READ_TIMEOUT_S}`,
      support: "partial",
      difference: "The default does not limit the time between parts. Only Cloudflare closes idle WebSockets.",
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
    const remedy = protocol === "FCGI" ? FASTCGI_REMEDY : GRPC_REMEDY;
    context.failClosed("backend-protocol", `unsupported protocol: ${protocol}`, remedy);
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

/** A function, so that the Worker has no annotations. */
function createAnnotations() {
  return {
    "backend-protocol": word(
      {
        doc: "Protocol of the Service. `AUTO_HTTP` derives it from the port. `GRPC`, `GRPCS` and `FCGI` close the paths.",
        example: "HTTPS",
        default: "HTTP",
        support: "partial",
        difference:
          "HTTPS requires port 443, 2053, 2083, 2087, 2096 or 8443. The zone's SSL mode sets certificate verification. SNI is the request's host.",
      },
      ["HTTP", "HTTPS", "AUTO_HTTP", "GRPC", "GRPCS", "FCGI"],
    ),
    ...balanceAnnotations,
    ...healthCheckAnnotations,
    ...buildTimeoutAnnotations(),
    ...retryAnnotations,
  };
}
