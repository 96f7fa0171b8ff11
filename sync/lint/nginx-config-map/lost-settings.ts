import type { FindingKind } from "../findings/finding.ts";

/** The behavior of the edge for a setting that it does not have; undefined if the value has the same effect. */
export interface LostSetting {
  readonly kind: FindingKind;
  readonly problem: string;
  readonly remedy: string;
}

type DescribeLostSetting = (value: string) => LostSetting | undefined;

const ACME_PATH = "/.well-known/acme-challenge";
const WAF_RULE = "create a custom rule of the WAF in the zone";
const HSTS_RULE = "set HSTS for the zone at Cloudflare";

/** A setting that is lost unless it has one of some values. */
function unless(values: readonly string[], kind: FindingKind, problem: string, remedy: string): DescribeLostSetting {
  return (value) => (values.includes(value.trim()) ? undefined : { kind, problem, remedy });
}

const always = (kind: FindingKind, problem: string, remedy: string) => unless([""], kind, problem, remedy);
const ifTrue = (kind: FindingKind, problem: string, remedy: string) => unless(["false", ""], kind, problem, remedy);

const lostSettings: readonly (readonly [keys: readonly string[], describe: DescribeLostSetting])[] = [
  [
    ["hsts"],
    unless(["true"], "different", "https responses of hosts with spec.tls have Strict-Transport-Security", HSTS_RULE),
  ],
  [["hsts-max-age"], unless(["31536000"], "different", "the edge sends max-age=31536000", HSTS_RULE)],
  [["hsts-include-subdomains"], unless(["true"], "different", "the edge sends includeSubDomains", HSTS_RULE)],
  [["hsts-preload"], ifTrue("different", "the edge does not send preload", HSTS_RULE)],
  [
    ["http-redirect-code"],
    unless(["308"], "different", "the edge redirects to https with 308", "let clients accept 308"),
  ],
  [
    ["limit-req-status-code", "limit-conn-status-code"],
    unless(["503"], "different", "the edge answers 503 above a limit", "let clients accept 503"),
  ],
  [
    ["no-tls-redirect-locations"],
    unless(
      [ACME_PATH],
      "different",
      `the edge redirects all paths but ${ACME_PATH}`,
      "set ssl-redirect to false in an Ingress for the path",
    ),
  ],
  [
    ["no-auth-locations"],
    unless(
      [ACME_PATH],
      "different",
      `the edge exempts only ${ACME_PATH} from authentication`,
      "serve the path with an Ingress without authentication",
    ),
  ],
  [
    ["block-user-agents", "block-referers"],
    always("error", "the edge serves requests that ingress-nginx rejects", WAF_RULE),
  ],
  [
    ["http-snippet", "main-snippet", "stream-snippet"],
    always(
      "unsupported",
      "the edge ignores nginx configuration outside of hosts",
      "use annotations, or rules of the zone at Cloudflare",
    ),
  ],
  [
    ["plugins"],
    always("unsupported", "the edge runs no Lua plugins", "use rules of the zone at Cloudflare, or a Worker"),
  ],
  [
    ["add-headers"],
    always(
      "different",
      "responses do not have the headers of the ConfigMap",
      "set custom-headers and --allowed-response-headers, or a response header rule of the zone",
    ),
  ],
  [
    ["proxy-set-headers"],
    always(
      "different",
      "origins do not get the headers of the ConfigMap",
      "let them read X-Forwarded-*, or set a request header rule of the zone",
    ),
  ],
  [
    ["hide-headers"],
    always("different", "these response headers reach clients", "remove them with a response header rule of the zone"),
  ],
  [
    ["compute-full-forwarded-for"],
    ifTrue(
      "different",
      "X-Forwarded-For has the client's address only",
      "read X-Original-Forwarded-For for the others",
    ),
  ],
  [
    ["enable-underscores-in-headers"],
    ifTrue("different", "the edge drops request headers with underscores", "send them with hyphens"),
  ],
  [
    ["ignore-invalid-headers"],
    unless(["true"], "different", "the edge drops invalid request headers", "correct them in clients"),
  ],
  [
    ["proxy-add-original-uri-header"],
    ifTrue("different", "origins do not get X-Original-URI", "read the URL of the request, or X-Forwarded-Prefix"),
  ],
  [
    ["allow-cross-namespace-resources"],
    ifTrue(
      "different",
      "Secrets and ConfigMaps of other namespaces close the paths",
      "copy them to the namespace of the Ingress",
    ),
  ],
  [
    ["global-allowed-response-headers"],
    always("note", "the list is a flag here", "set --allowed-response-headers to it"),
  ],
  [
    ["ssl-protocols"],
    always("note", "the zone has the TLS versions", "set the minimum TLS version of the zone at Cloudflare"),
  ],
  [
    ["use-geoip", "use-geoip2"],
    ifTrue("note", "nginx variables of the location are not available", "read CF-IPCountry"),
  ],
];

/** By key: what the edge does in place of the setting. */
export const describeLostSettings: ReadonlyMap<string, DescribeLostSetting> = new Map(
  lostSettings.flatMap(([keys, describe]) => keys.map((key) => [key, describe] as const)),
);

/** Prefixes of the keys of tracing, which the edge does not have. */
export const TRACING_KEY =
  /^(?:enable-opentracing|opentracing-|enable-opentelemetry$|opentelemetry-|otel-|otlp-|zipkin-|jaeger-|datadog-)/;
