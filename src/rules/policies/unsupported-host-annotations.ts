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
      doc: "nginx configuration for the whole host.",
      example: "location /x { … }",
      default: "none",
      holdsDirectives: true,
    }),
    isNonEmpty,
    SNIPPET_REMEDY,
  ),
  "ssl-passthrough": failClosedAnnotation(
    flag({ doc: "Hands TLS on unread, to the Service.", example: "true", default: "false", guards: true }),
    (value) => value,
    "take the host out of this class: point a DNS-only record at the Service, or use Cloudflare Spectrum",
  ),
};

/** What nginx does for a whole host and the edge cannot: every path of the host is closed, whoever's it is. */
export const unsupportedHostAnnotations = definePolicy({
  name: "unsupportedHostAnnotations",
  doc: "Fails closed for unsupported annotations of a whole host.",
  scope: "host",
  protects: false,
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
    return reportUnsupported(rows, names, context, "it cannot be had at the edge, and is meant for the whole host");
  },
});
