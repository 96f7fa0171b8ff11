import * as z from "zod/mini";
import { success } from "../result.ts";
import { type Annotation, definePolicy } from "./policy.ts";

/** What tunes nginx itself and no client could see: taken as it is, and nothing comes of it. */
export const noOpAnnotations = definePolicy({
  name: "noOpAnnotations",
  doc: "Accepts annotations that tune nginx only.",
  scope: "route",
  protects: false,
  appliesToCatchAll: true,
  allowedAsClassDefault: true,
  surprisesWhenInherited: true,
  pathLimited: { effect: "applies" },
  regexPaths: "never",
  furtherHosts: "none",
  settings: z.never(),
  annotations: {
    "proxy-buffering": noOpAnnotation("Whether nginx buffers answers.", "on", "The edge streams both ways."),
    "proxy-buffers-number": noOpAnnotation("How many buffers an answer gets.", "8"),
    "proxy-buffer-size": noOpAnnotation(
      "Size of the buffer for an answer's headers.",
      "8k",
      "Headers may have up to 128 KB.",
    ),
    "proxy-busy-buffers-size": noOpAnnotation("How much of an answer may be underway to the client.", "16k"),
    "proxy-max-temp-file-size": noOpAnnotation("How much of an answer nginx may put on disk.", "1024m"),
    "proxy-request-buffering": noOpAnnotation("Whether nginx reads a body before it asks the origin.", "off"),
    "client-body-buffer-size": noOpAnnotation("Size of the buffer for a request's body.", "16k"),
    "proxy-http-version": noOpAnnotation("HTTP version towards the origin.", "1.1", "Cloudflare negotiates it."),
    "connection-proxy-header": noOpAnnotation(
      "`Connection` header towards the origin.",
      "keep-alive",
      "Cloudflare keeps it.",
    ),
    "proxy-ssl-server-name": noOpAnnotation("Tells the origin the name by SNI.", "on", "The edge always does."),
    "upstream-hash-by-subset-size": noOpAnnotation("Pods in a subset of `upstream-hash-by-subset`.", "3"),
    "http2-push-preload": noOpAnnotation("HTTP/2 push, which browsers have dropped.", "true"),
    "service-upstream": noOpAnnotation("Asks the Service in place of its Pods.", "true", "It is always the Service."),
    "load-balance": noOpAnnotation(
      "How nginx chooses a Pod.",
      "ewma",
      "The Service chooses; several addresses take turns.",
    ),
  },
  fromAnnotations: () => undefined,
});

function noOpAnnotation(doc: string, example: string, difference?: string): Annotation<string> {
  return { doc, example, support: "no-op", ...(difference !== undefined && { difference }), parse: success };
}
