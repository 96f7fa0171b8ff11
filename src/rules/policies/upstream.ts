import * as z from "zod/mini";
import { type Parsed, parsed, refused } from "../parsed.ts";
import type { Annotation, AnnotationRow, Place, Values } from "./define.ts";
import { definePolicy } from "./define.ts";
import { integer, template, word } from "./kinds.ts";

/** What may be wrong with an attempt for another address to be asked, and whether any method is asked again. */
export const CONDITIONS = [
  "error",
  "timeout",
  "invalid_header",
  "http_500",
  "http_502",
  "http_503",
  "http_504",
  "http_403",
  "http_404",
  "http_429",
  "non_idempotent",
] as const;

/** nginx's proxy_read_timeout: how long an origin may take to begin its answer. */
export const READ_S = 60;
const MOST_SECONDS = 2_000_000; // a timer takes 31 bits of milliseconds

const Retry = z.strictObject({
  on: z.array(z.enum(CONDITIONS)),
  tries: z.int(), // addresses asked at most; 0 for all
  withinMs: z.int(), // no address is asked later than this; 0 for no such limit
});
export type Retry = z.infer<typeof Retry>;

/** As in ingress-nginx where nothing is said. */
export const RETRY: Retry = { on: ["error", "timeout"], tries: 3, withinMs: 0 };

const Upstream = z.strictObject({
  hashBy: z.optional(z.string()),
  answerMs: z.optional(z.int()), // from the request's end to the answer's begin
  readMs: z.optional(z.int()), // between parts of the answer
  sendMs: z.optional(z.int()), // for the origin to take a part of the request
  retry: z.optional(Retry),
});

const annotations = {
  "backend-protocol": word(
    {
      doc: "How the Service is spoken to. `AUTO_HTTP` takes what the port is for. `GRPC`, `GRPCS` and `FCGI` close the paths.",
      example: "HTTPS",
      default: "HTTP",
      nearness: "near",
      difference:
        "HTTPS needs one of the ports 443, 2053, 2083, 2087, 2096 and 8443; whether the certificate is verified is the zone's SSL mode, and the name asked for is the request's host.",
    },
    ["HTTP", "HTTPS", "AUTO_HTTP", "GRPC", "GRPCS", "FCGI"],
  ),
  "upstream-hash-by": template(
    {
      doc: "Asks the same address for the same value.",
      example: "$request_uri",
      nearness: "near",
      difference: "The edge chooses among external addresses; which Pod is asked is the cluster's choice.",
    },
    /^[-\w.~:/,?&=+ ${}|@]+$/,
    'text and variables such as "$request_uri"',
  ),
  ...timeouts(),
  "proxy-next-upstream": {
    doc: "When another of the Service's addresses is asked: a list of nginx's conditions, or `off`. POST, LOCK and PATCH are asked again only with `non_idempotent`, or where the first address got nothing of it.",
    example: "error timeout http_503",
    default: "error timeout",
    nearness: "near",
    difference:
      "Only another address is asked, never the same again; a request whose body is over 64 KiB, or of unknown length, is asked once.",
    parse: readConditions,
  } satisfies Annotation<unknown>,
  "proxy-next-upstream-tries": integer(
    { doc: "Addresses that are asked at most; `0` for all.", example: "2", default: "3" },
    0,
  ),
  "proxy-next-upstream-timeout": integer(
    { doc: "Seconds after which no other address is asked; `0` for no such limit.", example: "10", default: "0" },
    0,
    MOST_SECONDS,
  ),
};

/** How the origin is asked. */
export const upstream = definePolicy({
  name: "upstream",
  scope: "route",
  settings: Upstream,
  annotations,
  fromAnnotations(values, place) {
    closeWhatCannotBeHad(values, place);
    const settings = {
      ...(values["upstream-hash-by"] !== undefined && { hashBy: values["upstream-hash-by"] }),
      ...timeoutsOf(values),
      ...retryOf(values),
    };
    return Object.keys(settings).length > 0 ? settings : undefined;
  },
});

type Given = Values<typeof annotations>;

function timeouts() {
  const seconds = (row: AnnotationRow) => integer(row, 1, MOST_SECONDS);
  return {
    "proxy-connect-timeout": seconds({
      doc: "Seconds to connect within, else 504.",
      example: "10",
      default: "19",
      nearness: "near",
      difference:
        "The value is not used, since a fetch cannot tell connecting from waiting: Cloudflare gives up after some 19 s, and `proxy-read-timeout` counts from the request's end.",
    }),
    "proxy-send-timeout": seconds({
      doc: "Seconds that the origin may leave between taking parts of the request, else 504.",
      example: "120",
      default: "none",
      nearness: "near",
      difference: "Without the annotation an origin that does not read is given up by Cloudflare.",
    }),
    "proxy-read-timeout": seconds({
      doc: "Seconds that the origin may take to begin its answer, else 504, and leave between parts of it.",
      example: "300",
      default: `${READ_S} to begin`,
      nearness: "near",
      difference:
        "Without the annotation there is no limit between parts of the answer; an idle WebSocket is ended by Cloudflare alone.",
    }),
  };
}

function timeoutsOf(values: Given) {
  const read = values["proxy-read-timeout"];
  const send = values["proxy-send-timeout"];
  return {
    ...(read !== undefined && { answerMs: read * 1000, readMs: read * 1000 }),
    ...(send !== undefined && { sendMs: send * 1000 }),
  };
}

function retryOf(values: Given): { retry?: Retry } {
  const on = values["proxy-next-upstream"] ?? RETRY.on;
  const tries = values["proxy-next-upstream-tries"] ?? RETRY.tries;
  const withinMs = (values["proxy-next-upstream-timeout"] ?? 0) * 1000;
  const asEver = on === RETRY.on && tries === RETRY.tries && withinMs === 0;
  return asEver ? {} : { retry: { on: [...on], tries, withinMs } };
}

function closeWhatCannotBeHad(values: Given, place: Place): void {
  const protocol = values["backend-protocol"];
  if (protocol === "GRPC" || protocol === "GRPCS" || protocol === "FCGI") {
    place.close("backend-protocol", `${protocol} cannot be had through a Worker`, "speak HTTP or HTTPS to the Service");
  }
}

/** A list of conditions, separated by spaces; `off` overrules the others, as in nginx. */
function readConditions(text: string): Parsed<readonly (typeof CONDITIONS)[number][]> {
  const words = text.split(/\s+/);
  const known = words.flatMap((given) => CONDITIONS.find((condition) => condition === given) ?? []);
  const bad = words.find((given) => given !== "off" && !known.some((condition) => condition === given));
  if (bad !== undefined) return refused(`expected conditions such as ${CONDITIONS.join(" ")}, or off, got "${bad}"`);
  return parsed(words.includes("off") ? [] : [...new Set(known)]);
}
