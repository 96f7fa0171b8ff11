import { CATCH_ALL_HOST, findZone } from "../../../src/rules/hosts.ts";
import type { Backend } from "../../../src/rules/snapshot.ts";
import type { Reference } from "../../collect/cluster-model.ts";
import type { ClusterIndex } from "../backends/cluster-index.ts";
import { createBackendResolver, type ResolveBackend } from "../backends/services.ts";
import type { Report } from "../diagnostics.ts";
import type { ResolvedBackend } from "../model.ts";
import type { Options } from "../options.ts";

/** One host during compilation: its lookups, its diagnostics and the objects that its routes refer to. */
export interface HostCompilation {
  readonly index: ClusterIndex;
  readonly options: Options;
  readonly resolve: ResolveBackend;
  readonly report: Report;
  /** Adds a backend to the host's rules, and returns its id. */
  readonly useBackend: (backend: ResolvedBackend) => string;
  /** Adds a reference, whether the object exists or not. */
  readonly useReference: (reference: Reference) => void;
  readonly tokenizeSecret: Options["tokenizeSecret"];
  readonly listUses: () => HostUses;
}

/** The objects that a host's rules refer to. */
export interface HostUses {
  readonly backends: ReadonlyMap<string, Backend>;
  readonly references: readonly Reference[];
  /** The length in characters of the secret text of each token. */
  readonly secretLengths: ReadonlyMap<string, number>;
}

export function createHostCompilation(
  host: string,
  index: ClusterIndex,
  options: Options,
  report: Report,
): HostCompilation {
  const zone = host === CATCH_ALL_HOST ? undefined : findZone(host, options.zones);
  const backends = new Map<string, Backend>();
  const references: Reference[] = [];
  const secretLengths = new Map<string, number>();
  return {
    index,
    options,
    report,
    // A request for the catch-all host, or for a host outside the zones, may arrive in any zone.
    resolve: createBackendResolver(index.addresses, zone === undefined ? options.zones : [zone]),
    useBackend({ id, backend }) {
      backends.set(id, backend);
      return id;
    },
    useReference: (reference) => void references.push(reference),
    tokenizeSecret(text) {
      const token = options.tokenizeSecret(text);
      secretLengths.set(token, text.length);
      return token;
    },
    listUses: () => ({ backends, references, secretLengths }),
  };
}
