import * as z from "zod/mini";
import { definePolicy } from "./define.ts";
import { flag } from "./kinds.ts";
import { anyText, isWritten, never, reportLacking, SNIPPET_REMEDY } from "./lacking.ts";

const rows = {
  "server-snippet": never(
    anyText({ doc: "nginx configuration for the whole host.", example: "location /x { … }", default: "none" }),
    isWritten,
    SNIPPET_REMEDY,
  ),
  "ssl-passthrough": never(
    flag({ doc: "Hands TLS on unread, to the Service.", example: "true", default: "false", guards: true }),
    (wanted) => wanted,
    "take the host out of this class: point a DNS-only record at the Service, or use Cloudflare Spectrum",
  ),
};

/** What nginx does for a whole host and the edge cannot: every path of the host is closed, whoever's it is. */
export const unsupportedHost = definePolicy({
  name: "unsupportedHost",
  scope: "host",
  settings: z.never(),
  annotations: rows,
  fromAnnotations(values, place) {
    const asked = Object.entries(values).filter(([, isAsked]) => isAsked);
    const names = asked.map(([name]) => name);
    return reportLacking(rows, names, place, "it cannot be had at the edge, and is meant for the whole host");
  },
});
