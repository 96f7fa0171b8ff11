import * as z from "zod/mini";
import { parseRange } from "../addresses.ts";
import { definePolicy } from "./define.ts";
import { integer, list } from "./kinds.ts";

const BURST_MULTIPLIER = 5;
const SECOND_MS = 1000;
const MINUTE_MS = 60_000;

const Rate = z.strictObject({
  name: z.string(), // the annotation
  intervalMs: z.number().check(z.positive()), // one request in so long
  burst: z.int(), // and so many more at once
});

const Limits = z.strictObject({
  ingress: z.string(), // "namespace/name": its paths share the counts
  rates: z.array(Rate),
  connections: z.int(), // at a time; 0 for any number
  exempt: z.array(z.string()), // addresses and ranges
});

const annotations = {
  "limit-rps": limit({
    doc: "Requests that a client may make a second, to all paths of the Ingress together; 503 beyond them and the burst.",
    example: "10",
  }),
  "limit-rpm": limit({ doc: "As limit-rps, a minute.", example: "300" }),
  "limit-connections": limit({
    doc: "Requests that a client may have at a time, counted until their answer has ended; 503 beyond them.",
    example: "20",
    difference:
      "Counted for all the edge together, and not for each replica. A WebSocket counts only until it is open.",
  }),
  "limit-burst-multiplier": integer(
    {
      doc: "How many times the limit may come at once.",
      example: "2",
      default: String(BURST_MULTIPLIER),
      guards: true,
    },
    0,
    1_000_000,
  ),
  "limit-whitelist": list(
    {
      doc: "Addresses and ranges of clients that no limit holds for.",
      example: "10.0.0.0/8",
      aliases: ["limit-allowlist"],
      guards: true,
    },
    parseRange,
  ),
};

/** How much one client may ask. */
export const limits = definePolicy({
  name: "limits",
  scope: "route",
  settings: Limits,
  annotations,
  fromAnnotations(values, place): z.infer<typeof Limits> | undefined {
    const multiplier = values["limit-burst-multiplier"] ?? BURST_MULTIPLIER;
    const rateOf = (name: "limit-rps" | "limit-rpm", ms: number) => {
      const most = values[name] ?? 0;
      return most > 0 ? [{ name, intervalMs: ms / most, burst: most * multiplier }] : [];
    };
    const rates = [...rateOf("limit-rps", SECOND_MS), ...rateOf("limit-rpm", MINUTE_MS)];
    const connections = values["limit-connections"] ?? 0;
    if (rates.length === 0 && connections === 0) return undefined;
    const ingress = `${place.namespace}/${place.ingress}`;
    return { ingress, rates, connections, exempt: [...(values["limit-whitelist"] ?? [])] };
  },
});

function limit(row: { doc: string; example: string; difference?: string }) {
  const difference = row.difference ?? "Counted for all the edge together, and not for each replica.";
  return integer({ ...row, default: "none", nearness: "near", difference, guards: true }, 0, 1_000_000);
}
