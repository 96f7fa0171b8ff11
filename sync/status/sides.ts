import type { Result } from "../../src/rules/result.ts";
import type { ClusterSide } from "./cluster-side.ts";
import type { EdgeSide } from "./edge-side.ts";
import type { KvSide } from "./kv-side.ts";

/** Cluster, KV and edge, each with its content or the reason why it was not read. */
export interface StatusSides {
  readonly kv: Result<KvSide>;
  readonly cluster: Result<ClusterSide>;
  readonly edge: Result<EdgeSide>;
}

/** A side that was not read, and why. */
export interface Unread {
  readonly notRead: string;
}

/** Returns the content of a side; undefined if it was not read. */
export function contentOf<T>(side: Result<T>): T | undefined {
  return side.ok ? side.value : undefined;
}

/** Returns a summary of a side, or why it was not read. */
export function summarizeSide<T, Summary>(side: Result<T>, summarize: (content: T) => Summary): Summary | Unread {
  return side.ok ? summarize(side.value) : { notRead: side.problem };
}

/** Whether everything is live. Without KV, the published rules are unknown. */
export type LiveVerdict = "yes" | "no" | "unknown";

export function judge({ kv }: Pick<StatusSides, "kv">, problems: readonly string[]): LiveVerdict {
  if (problems.length > 0) return "no";
  return kv.ok ? "yes" : "unknown";
}
