import { formatAnswer } from "../edge/edge-client.ts";
import type { StatusSides } from "./sides.ts";

/** Returns why the edge does not serve the published generation. Nothing if it serves it, or was not asked. */
export function explainEdge({ kv, edge }: Pick<StatusSides, "kv" | "edge">): string[] {
  if (!edge.ok) return [];
  const { url, answer } = edge.value;
  const generation = kv.ok ? kv.value.manifest?.generation : undefined;
  switch (answer.type) {
    case "unavailable":
      return []; // not known
    case "no-snapshot":
      return [`the edge at ${url} serves nothing: ${answer.reason}`];
    case "serving": {
      const isBehind = generation !== undefined && answer.generation < generation;
      if (!isBehind && answer.rejected === undefined) return [];
      const remedy = answer.rejected === undefined ? "; a change needs about 60 s" : "";
      return [`the edge at ${url} is behind: ${formatAnswer(answer)}, not ${generation ?? "a newer one"}${remedy}`];
    }
  }
}
