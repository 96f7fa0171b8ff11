import * as z from "zod/mini";
import { flag } from "./annotation-types.ts";
import { definePolicy } from "./policy.ts";
import { closeForSnippet } from "./snippet.ts";
import { SNIPPET_REMEDY, serverSnippet } from "./snippet-annotations.ts";
import { failClosedAnnotation, reportUnsupported } from "./unsupported-annotation.ts";

const rows = {
  "ssl-passthrough": failClosedAnnotation(
    flag({ doc: "Pass TLS through to the Service.", example: "true", default: "false", guards: true }),
    (value) => value,
    "remove the host from this class: point a DNS-only record at the Service, or use Cloudflare Spectrum",
  ),
};

/** Unsupported annotations for a whole host. They close every path of the host, for all its Ingresses. */
export const unsupportedHostAnnotations = definePolicy({
  name: "unsupportedHostAnnotations",
  doc: "Fails closed for unsupported annotations of a whole host.",
  scope: "host",
  protects: false,
  restricts: false,
  appliesToCatchAll: true,
  allowedAsClassDefault: true,
  surprisesWhenInherited: true,
  pathLimited: { effect: "own-paths", reportedFor: [] },
  regexPaths: "never",
  furtherHosts: "none",
  settings: z.never(),
  annotations: { "server-snippet": serverSnippet, ...rows },
  fromAnnotations({ "server-snippet": server, ...values }, context) {
    closeForSnippet("server-snippet", server, SNIPPET_REMEDY, context);
    const enabledRows = Object.entries(values).filter(([, isEnabled]) => isEnabled);
    const names = enabledRows.map(([name]) => name);
    return reportUnsupported(rows, names, context, "unsupported annotation of the whole host");
  },
});
