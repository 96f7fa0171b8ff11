import type { HostRules } from "../../../src/rules/snapshot.ts";
import type { Reference } from "../../collect/cluster-model.ts";
import { isSameList } from "../../incremental/cache.ts";
import {
  createHostLookups,
  type IndexLookup,
  listReferences,
  type RecordedLookup,
  recordLookups,
} from "../backends/cluster-index.ts";
import type { HostGrant } from "../claims/resolve-conflicts.ts";
import { createReporter, type Diagnostic } from "../diagnostics.ts";
import type { Options } from "../options.ts";
import { compileHost } from "./compile-host.ts";

/** A host as it was compiled, with all that it was compiled from. */
export interface CompiledHost {
  readonly hostGrant: HostGrant;
  readonly lookups: readonly RecordedLookup[];
  readonly references: readonly Reference[];
  readonly rules: HostRules;
  readonly diagnostics: readonly Diagnostic[];
}

/** Hosts as they were compiled in the last round. */
export interface PreviousHosts {
  readonly hosts: readonly CompiledHost[];
  /** Whether each lookup is known to give what it gave then. */
  readonly isIndexUnchanged: boolean;
}

/** Compiles hosts, each anew only if its plan, or something that it looked up, is not what it was in `before`. */
export function compileHosts(
  grants: readonly HostGrant[],
  { hosts, isIndexUnchanged }: PreviousHosts,
  lookUp: IndexLookup,
  options: Options,
): CompiledHost[] {
  const isLookupUnchanged = ({ kind, key, result }: RecordedLookup) => lookUp(kind, key) === result;
  const findPrevious = createHostFinder(hosts);
  return grants.map((hostGrant, position) => {
    const previous = findPrevious(hostGrant.host, position);
    const isUnchanged =
      previous &&
      isSameGrant(previous.hostGrant, hostGrant) &&
      (isIndexUnchanged || previous.lookups.every(isLookupUnchanged));
    return isUnchanged ? previous : compileChangedHost(hostGrant, lookUp, options);
  });
}

/** Finds hosts by name; at next to no cost those that are where they were. */
function createHostFinder(
  hosts: readonly CompiledHost[],
): (host: string, position: number) => CompiledHost | undefined {
  let byName: ReadonlyMap<string, CompiledHost> | undefined;
  return (host, position) => {
    const candidate = hosts[position];
    if (candidate?.hostGrant.host === host) return candidate;
    byName ??= new Map(hosts.map((compiledHost) => [compiledHost.hostGrant.host, compiledHost]));
    return byName.get(host);
  };
}

function isSameGrant(a: HostGrant, b: HostGrant): boolean {
  return (
    a === b || (a.fallbackHost === b.fallbackHost && isSameList(a.owners, b.owners) && isSameList(a.claims, b.claims))
  );
}

function compileChangedHost(hostGrant: HostGrant, lookUp: IndexLookup, options: Options): CompiledHost {
  const diagnostics: Diagnostic[] = [];
  const recorder = recordLookups(lookUp);
  const rules = compileHost(hostGrant, createHostLookups(recorder.lookUp, options), createReporter(diagnostics));
  const lookups = recorder.listLookups();
  return { hostGrant, lookups, references: listReferences(lookups), rules, diagnostics };
}
