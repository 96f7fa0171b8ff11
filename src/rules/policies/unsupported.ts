import * as z from "zod/mini";
import { parsed, refused } from "../parsed.ts";
import { definePolicy } from "./define.ts";
import { flag, list, text, word } from "./kinds.ts";
import { anyText, isWritten, never, reportLacking, SNIPPET_REMEDY } from "./lacking.ts";
import { servedWithout } from "./served-without.ts";

const WAF = "switch Cloudflare's WAF on for the zone, with its managed rules";
const ORIGIN_TLS =
  "use Authenticated Origin Pulls for the client certificate, and a Custom Origin Trust Store for the CA";

const snippets = {
  "configuration-snippet": never(
    anyText({ doc: "nginx configuration for the paths.", example: "more_set_headers …;", default: "none" }),
    isWritten,
    SNIPPET_REMEDY,
  ),
  "auth-snippet": never(
    anyText({
      doc: "nginx configuration for the request to `auth-url`.",
      example: "proxy_set_header X-A b;",
      default: "none",
    }),
    isWritten,
    "give the authentication service what it needs with auth-proxy-set-headers",
  ),
  "stream-snippet": never(
    anyText({ doc: "nginx configuration for TCP and UDP.", example: "server { listen 5432; … }", default: "none" }),
    isWritten,
    "expose TCP and UDP by a Service of type LoadBalancer, or by Cloudflare Spectrum",
  ),
};

const firewall = {
  "enable-modsecurity": never(
    flag({ doc: "ModSecurity, nginx's web application firewall.", example: "true", default: "false", guards: true }),
    (wanted) => wanted,
    WAF,
  ),
  "enable-owasp-core-rules": never(
    flag({ doc: "OWASP's rules for ModSecurity.", example: "true", default: "false", guards: true }),
    (wanted) => wanted,
    WAF,
  ),
  "modsecurity-snippet": never(
    anyText({ doc: "Rules for ModSecurity.", example: "SecRuleEngine On", default: "none" }),
    isWritten,
    WAF,
  ),
  "modsecurity-transaction-id": never(
    anyText({ doc: "ModSecurity's name for a request.", example: "$request_id", default: "none" }),
    isWritten,
    WAF,
  ),
};

const originTls = {
  "proxy-ssl-secret": never(
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
    isWritten,
    ORIGIN_TLS,
  ),
  "proxy-ssl-verify": never(
    word({ doc: "Verifies the origin's certificate by `proxy-ssl-secret`'s CA.", example: "on", default: "off" }, [
      "on",
      "off",
    ]),
    (wanted) => wanted === "on",
    ORIGIN_TLS,
  ),
};

const rows = { ...snippets, ...firewall, ...originTls, ...servedWithout };

/** What nginx has and the edge has not. The compiler closes an Ingress's paths for it, or reports it; the edge sees nothing of it. */
export const unsupported = definePolicy({
  name: "unsupported",
  scope: "route",
  settings: z.never(),
  annotations: {
    "accept-degraded": list(
      {
        doc: "Annotations of this Ingress that would close its paths, since the edge cannot do them: serves without.",
        example: "configuration-snippet, server-snippet",
        default: "none",
      },
      (name) => (/^[a-z0-9./-]+$/.test(name) ? parsed(name) : refused(`expected names of annotations, got "${name}"`)),
    ),
    ...rows,
  },
  fromAnnotations({ "accept-degraded": _, ...values }, place) {
    const off = [
      ...(values["enable-modsecurity"] === false ? Object.keys(firewall) : []),
      ...(values["enable-opentelemetry"] === false ? OF_TRACES : []),
      // Without a CA of its own ingress-nginx verifies nothing.
      ...(values["proxy-ssl-secret"] ? [] : ["proxy-ssl-verify"]),
    ];
    const asked = Object.entries(values).filter(([name, isAsked]) => isAsked && !off.includes(name));
    return reportLacking(
      rows,
      asked.map(([name]) => name),
      place,
    );
  },
});

const OF_TRACES: readonly string[] = ["opentelemetry-operation-name", "opentelemetry-trust-incoming-span"];
