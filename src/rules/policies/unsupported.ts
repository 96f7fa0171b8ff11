import * as z from "zod/mini";
import { flag, text, word } from "./annotation-types.ts";
import { ignoredAnnotations } from "./ignored-annotations.ts";
import { definePolicy } from "./policy.ts";
import { closeForSnippet } from "./snippet.ts";
import { AUTH_SNIPPET_REMEDY, authSnippet, configurationSnippet, SNIPPET_REMEDY } from "./snippet-annotations.ts";
import { anyText, failClosedAnnotation, isNonEmpty, reportUnsupported } from "./unsupported-annotation.ts";

const WAF_REMEDY = "enable Cloudflare's WAF for the zone, with its managed rules";
const ORIGIN_TLS_REMEDY =
  "use Authenticated Origin Pulls for the client certificate, and a Custom Origin Trust Store for the CA";

const streams = {
  "stream-snippet": failClosedAnnotation(
    anyText({
      doc: "nginx configuration for TCP and UDP.",
      example: "server { listen 5432; … }",
      default: "none",
    }),
    isNonEmpty,
    "expose TCP and UDP with a Service of type LoadBalancer, or with Cloudflare Spectrum",
  ),
};

const firewall = {
  "enable-modsecurity": failClosedAnnotation(
    flag({
      doc: "Enable ModSecurity, nginx's web application firewall.",
      example: "true",
      default: "false",
      guards: true,
    }),
    (value) => value,
    WAF_REMEDY,
  ),
  "enable-owasp-core-rules": failClosedAnnotation(
    flag({ doc: "Enable OWASP's rules for ModSecurity.", example: "true", default: "false", guards: true }),
    (value) => value,
    WAF_REMEDY,
  ),
  "modsecurity-snippet": failClosedAnnotation(
    anyText({ doc: "Rules for ModSecurity.", example: "SecRuleEngine On", default: "none" }),
    isNonEmpty,
    WAF_REMEDY,
  ),
  "modsecurity-transaction-id": failClosedAnnotation(
    anyText({ doc: "Transaction id of ModSecurity.", example: "$request_id", default: "none" }),
    isNonEmpty,
    WAF_REMEDY,
  ),
};

const originTls = {
  "proxy-ssl-secret": failClosedAnnotation(
    text(
      {
        doc: "Client certificate and CA towards the origin.",
        example: "default/origin",
        default: "none",
        guards: true,
      },
      /^(?:[a-z0-9.-]+\/)?[a-z0-9.-]+$/,
      'a Secret such as "default/origin"',
    ),
    isNonEmpty,
    ORIGIN_TLS_REMEDY,
  ),
  "proxy-ssl-verify": failClosedAnnotation(
    word({ doc: "Verify the origin's certificate by `proxy-ssl-secret`'s CA.", example: "on", default: "off" }, [
      "on",
      "off",
    ]),
    (value) => value === "on",
    ORIGIN_TLS_REMEDY,
  ),
};

const snippets = { "configuration-snippet": configurationSnippet, "auth-snippet": authSnippet };
const rows = { ...streams, ...firewall, ...originTls, ...ignoredAnnotations };

/** Annotations that the edge does not support. The compiler closes an Ingress's paths, or reports and ignores them. */
export const unsupportedAnnotations = definePolicy({
  name: "unsupportedAnnotations",
  doc: "Ignores unsupported annotations, or fails closed.",
  scope: "route",
  protects: false,
  restricts: false,
  appliesToCatchAll: true,
  allowedAsClassDefault: true,
  surprisesWhenInherited: true,
  pathLimited: { effect: "applies" },
  regexPaths: "never",
  furtherHosts: "none",
  settings: z.never(),
  annotations: { ...snippets, ...rows },
  fromAnnotations({ "configuration-snippet": configuration, "auth-snippet": authentication, ...values }, context) {
    closeForSnippet("configuration-snippet", configuration, SNIPPET_REMEDY, context);
    closeForSnippet("auth-snippet", authentication, AUTH_SNIPPET_REMEDY, context);
    const disabledNames = [
      ...(values["enable-modsecurity"] === false ? Object.keys(firewall) : []),
      ...(values["enable-opentelemetry"] === false ? TRACING_ANNOTATIONS : []),
      // Without this Secret ingress-nginx verifies nothing.
      ...(values["proxy-ssl-secret"] ? [] : ["proxy-ssl-verify"]),
    ];
    const enabledRows = Object.entries(values).filter(
      ([name, isEnabled]) => isEnabled && !disabledNames.includes(name),
    );
    return reportUnsupported(
      rows,
      enabledRows.map(([name]) => name),
      context,
    );
  },
});

const TRACING_ANNOTATIONS: readonly string[] = ["opentelemetry-operation-name", "opentelemetry-trust-incoming-span"];
