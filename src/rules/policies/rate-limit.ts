import * as z from "zod/mini";
import { parseIpRange } from "../addresses.ts";
import { integer, list } from "./annotation-types.ts";
import { definePolicy } from "./policy.ts";

const DEFAULT_BURST_MULTIPLIER = 5;
const SECOND_MS = 1000;
const MINUTE_MS = 60_000;

const Rate = z.strictObject({
  name: z.string(), // the annotation
  intervalMs: z.number().check(z.positive()), // time for one request
  burst: z.int(), // additional requests at once
});

export const RateLimitSettings = z.strictObject({
  ingress: z.string(), // "namespace/name": its paths share the limits
  rates: z.array(Rate),
  connections: z.int(), // concurrent requests; 0 for no limit
  exempt: z.array(z.string()), // addresses and ranges
});

const annotations = {
  "limit-rps": limitAnnotation({
    doc: "Requests per second of one client to all paths of the Ingress. More than the burst get 503.",
    example: "10",
  }),
  "limit-rpm": limitAnnotation({
    doc: "Requests per minute of one client to all paths of the Ingress. More than the burst get 503.",
    example: "300",
  }),
  "limit-connections": limitAnnotation({
    doc: "Concurrent requests of one client, until their responses end. More get 503.",
    example: "20",
    difference: "Counted for the whole edge, not for each replica. An open WebSocket is not counted.",
  }),
  "limit-burst-multiplier": integer(
    {
      doc: "Burst: multiple of the limit that is accepted at once.",
      example: "2",
      default: String(DEFAULT_BURST_MULTIPLIER),
      guards: true,
    },
    0,
    1_000_000,
  ),
  "limit-whitelist": list(
    {
      doc: "Client addresses and ranges without limits.",
      example: "10.0.0.0/8",
      default: "none",
      aliases: ["limit-allowlist"],
      guards: true,
    },
    parseIpRange,
  ),
};

/** Limits the requests of each client. */
export const rateLimit = /* @__PURE__ */ definePolicy({
  name: "rateLimit",
  doc: "Limits request rates and connections of each client.",
  scope: "route",
  protects: true,
  restricts: false,
  appliesToCatchAll: true,
  allowedAsClassDefault: true,
  surprisesWhenInherited: true,
  pathLimited: { effect: "applies" },
  regexPaths: "never",
  furtherHosts: "none",
  settings: RateLimitSettings,
  annotations,
  fromAnnotations(values, context): z.infer<typeof RateLimitSettings> | undefined {
    const multiplier = values["limit-burst-multiplier"] ?? DEFAULT_BURST_MULTIPLIER;
    const buildRates = (name: "limit-rps" | "limit-rpm", ms: number) => {
      const maxRequests = values[name] ?? 0;
      return maxRequests > 0 ? [{ name, intervalMs: ms / maxRequests, burst: maxRequests * multiplier }] : [];
    };
    const rates = [...buildRates("limit-rps", SECOND_MS), ...buildRates("limit-rpm", MINUTE_MS)];
    const connections = values["limit-connections"] ?? 0;
    if (rates.length === 0 && connections === 0) return undefined;
    const ingress = `${context.namespace}/${context.ingress}`;
    return { ingress, rates, connections, exempt: (values["limit-whitelist"] ?? []) as string[] };
  },
});

function limitAnnotation(row: { doc: string; example: string; difference?: string }) {
  const difference = row.difference ?? "Counted for the whole edge, not for each replica.";
  return integer({ ...row, default: "none", support: "partial", difference, guards: true }, 0, 1_000_000);
}
