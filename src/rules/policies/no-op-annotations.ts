import * as z from "zod/mini";
import { success } from "../result.ts";
import { type Annotation, definePolicy } from "./policy.ts";

/** Annotations that tune nginx itself, without an effect that clients can see. They are accepted and not used. */
export const noOpAnnotations = definePolicy({
  name: "noOpAnnotations",
  doc: "Accepts annotations that tune nginx only.",
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
  annotations: {
    "proxy-buffering": noOpAnnotation("Buffer responses.", "on", "off", "The edge streams both ways."),
    "proxy-buffers-number": noOpAnnotation("Number of buffers of a response.", "8", "4"),
    "proxy-buffer-size": noOpAnnotation(
      "Size of the buffer for response headers.",
      "8k",
      "4k",
      "Headers may have up to 128 KB.",
    ),
    "proxy-busy-buffers-size": noOpAnnotation("Size of buffers that are busy sending to the client.", "16k", "8k"),
    "proxy-max-temp-file-size": noOpAnnotation("Size of a response's temporary file.", "2048m", "1024m"),
    "proxy-request-buffering": noOpAnnotation("Buffer request bodies before forwarding.", "off", "on"),
    "client-body-buffer-size": noOpAnnotation("Size of the buffer for a request's body.", "16k", "8k"),
    "proxy-http-version": noOpAnnotation("HTTP version towards the origin.", "1.1", "1.1", "Cloudflare negotiates it."),
    "connection-proxy-header": noOpAnnotation(
      "`Connection` header towards the origin.",
      "keep-alive",
      "none",
      "Cloudflare keeps connections open.",
    ),
    "proxy-ssl-server-name": noOpAnnotation("Send SNI to the origin.", "on", "off", "The edge always sends it."),
    "upstream-hash-by-subset-size": noOpAnnotation(
      "Number of Pods in a subset of `upstream-hash-by-subset`.",
      "3",
      "3",
    ),
    "http2-push-preload": noOpAnnotation("HTTP/2 push, which browsers no longer support.", "true", "false"),
    "service-upstream": noOpAnnotation(
      "Forward to the Service instead of its Pods.",
      "true",
      "false",
      "The edge always does.",
    ),
  },
  fromAnnotations: () => undefined,
});

function noOpAnnotation(doc: string, example: string, nginxDefault: string, difference?: string): Annotation<string> {
  return {
    doc,
    example,
    default: nginxDefault,
    support: "no-op",
    ...(difference !== undefined && { difference }),
    parse: success,
  };
}
