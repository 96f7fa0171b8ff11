import * as z from "zod/mini";
import { flag } from "./annotation-types.ts";
import { definePolicy } from "./policy.ts";
import {
  anyText,
  failClosedAnnotation,
  isNonEmpty,
  reportUnsupported,
  SNIPPET_REMEDY,
} from "./unsupported-annotation.ts";

const rows = {
  "server-snippet": failClosedAnnotation(
    anyText({
      doc: "nginx configuration of the whole host.",
      example: "location /x { … }",
      default: "none",
      holdsDirectives: true,
    }),
    isNonEmpty,
    SNIPPET_REMEDY,
  ),
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
  annotations: rows,
  fromAnnotations(values, context) {
    const enabledRows = Object.entries(values).filter(([, isEnabled]) => isEnabled);
    const names = enabledRows.map(([name]) => name);
    return reportUnsupported(rows, names, context, "unsupported annotation of the whole host");
  },
});
