import type { Manifest, Rollback, Rules } from "../../../src/rules/snapshot.ts";
import { findChangedIngresses } from "../guard/changed-ingresses.ts";
import { findUnpublishedGuards, type UnguardedRoute } from "../guard/unpublished-guards.ts";
import type { PublishedSnapshot } from "../read-published.ts";

/** A rollback that holds the published rules, and the parts of the cluster's rules that wait for its end. */
export interface Pin {
  readonly generation: number; // the pinned one
  readonly rollback: Rollback;
  /** Ingresses ("namespace/name") with new or changed routes. */
  readonly waitingIngresses: ReadonlySet<string>;
  readonly unguardedRoutes: readonly UnguardedRoute[];
}

/** Compares the rules of a cluster with the pinned ones. Returns undefined if no rollback is active. */
export function findPin({ manifest, hosts }: PublishedSnapshot, wanted: Rules): Pin | undefined {
  if (!manifest?.rollback) return undefined;
  return {
    generation: manifest.generation,
    rollback: manifest.rollback,
    waitingIngresses: findChangedIngresses(hosts, wanted.hosts),
    unguardedRoutes: findUnpublishedGuards(hosts, wanted.hosts),
  };
}

/** Formats the pin of a manifest as a part of a line. Undefined if no rollback is active. */
export function formatPin({ generation, rollback }: Pick<Manifest, "generation" | "rollback">): string | undefined {
  if (!rollback) return undefined;
  return `generation ${generation} is pinned: rollback to ${rollback.of} by ${rollback.by} at ${rollback.at}`;
}
