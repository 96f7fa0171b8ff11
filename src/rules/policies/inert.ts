import * as z from "zod/mini";
import { parsed } from "../parsed.ts";
import { type Annotation, definePolicy } from "./define.ts";

/** What tunes nginx itself and no client could see: taken as it is, and nothing comes of it. */
export const inert = definePolicy({
  name: "inert",
  scope: "route",
  settings: z.never(),
  annotations: {
    "proxy-buffering": tuning("Whether nginx buffers answers.", "on", "The edge streams both ways."),
    "proxy-buffers-number": tuning("How many buffers an answer gets.", "8"),
    "proxy-buffer-size": tuning("Size of the buffer for an answer's headers.", "8k", "Headers may have up to 128 KB."),
    "proxy-busy-buffers-size": tuning("How much of an answer may be underway to the client.", "16k"),
    "proxy-max-temp-file-size": tuning("How much of an answer nginx may put on disk.", "1024m"),
    "proxy-request-buffering": tuning("Whether nginx reads a body before it asks the origin.", "off"),
    "client-body-buffer-size": tuning("Size of the buffer for a request's body.", "16k"),
    "proxy-http-version": tuning("HTTP version towards the origin.", "1.1", "Cloudflare negotiates it."),
    "connection-proxy-header": tuning("`Connection` header towards the origin.", "keep-alive", "Cloudflare keeps it."),
    "proxy-ssl-server-name": tuning("Tells the origin the name by SNI.", "on", "The edge always does."),
    "upstream-hash-by-subset-size": tuning("Pods in a subset of `upstream-hash-by-subset`.", "3"),
    "http2-push-preload": tuning("HTTP/2 push, which browsers have dropped.", "true"),
    "service-upstream": tuning("Asks the Service in place of its Pods.", "true", "It is always the Service."),
    "load-balance": tuning("How nginx chooses a Pod.", "ewma", "The Service chooses; several addresses take turns."),
  },
  fromAnnotations: () => undefined,
});

function tuning(doc: string, example: string, difference?: string): Annotation<string> {
  return { doc, example, nearness: "inert", ...(difference !== undefined && { difference }), parse: parsed };
}
