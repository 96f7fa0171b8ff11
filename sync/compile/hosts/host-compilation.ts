import { CATCH_ALL_HOST, findZone } from "../../../src/rules/hosts.ts";
import { MAX_REGEX_SUBJECT_BYTES } from "../../../src/rules/paths.ts";
import { failure, type Result, success } from "../../../src/rules/result.ts";
import type { Backend } from "../../../src/rules/snapshot.ts";
import type { Reference } from "../../collect/cluster-model.ts";
import type { ClusterIndex } from "../backends/cluster-index.ts";
import { createBackendResolver, type ResolveBackend } from "../backends/services.ts";
import type { Report } from "../diagnostics.ts";
import type { ResolvedBackend } from "../model.ts";
import type { StageOptions } from "../options.ts";
import type { RegexUse } from "../regex-verdict.ts";

/** One host during compilation: its lookups, its diagnostics and the objects that its routes refer to. */
export interface HostCompilation {
  readonly index: ClusterIndex;
  readonly options: StageOptions;
  readonly resolve: ResolveBackend;
  readonly report: Report;
  /** Adds a backend to the host's rules, and returns its id. */
  readonly useBackend: (backend: ResolvedBackend) => string;
  /** Adds a reference, whether the object exists or not. */
  readonly useReference: (reference: Reference) => void;
  /** Returns the length of text that a regex matches fast enough, in bytes, or why it is refused. */
  readonly checkRegex: CheckRegex;
  readonly tokenizeSecret: StageOptions["tokenizeSecret"];
  readonly listUses: () => HostUses;
}

/** The namespace's budget pays for the check. */
export type CheckRegex = (namespace: string, pattern: string) => Result<number>;

/** A regex without these takes the same steps at each place, so it needs no check. */
const REPEATS_OR_CHOOSES = /[*+?{|(]/;

const NOT_CHECKED =
  "its time to match is not checked yet, because the checks of its namespace use up the time of a sync; the next sync continues";

/** Returns the length of text that a regex matches fast enough, in bytes, or why it is refused. */
export function judgeRegex(pattern: string, { regexVerdict }: Pick<ClusterIndex, "regexVerdict">): Result<number> {
  if (!REPEATS_OR_CHOOSES.test(pattern)) return success(MAX_REGEX_SUBJECT_BYTES);
  const verdict = regexVerdict(pattern);
  return verdict?.type === "safe" ? success(verdict.maxBytes) : failure(verdict?.problem ?? NOT_CHECKED);
}

/** The objects that a host's rules refer to. */
export interface HostUses {
  readonly backends: ReadonlyMap<string, Backend>;
  readonly references: readonly Reference[];
  readonly regexes: readonly RegexUse[];
  /** The length in characters of the secret text of each token. */
  readonly secretLengths: ReadonlyMap<string, number>;
}

export function createHostCompilation(
  host: string,
  index: ClusterIndex,
  options: StageOptions,
  report: Report,
): HostCompilation {
  const zone = host === CATCH_ALL_HOST ? undefined : findZone(host, options.zones);
  const backends = new Map<string, Backend>();
  const references: Reference[] = [];
  const regexes: RegexUse[] = [];
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
    checkRegex(namespace, pattern) {
      if (REPEATS_OR_CHOOSES.test(pattern)) regexes.push({ namespace, pattern });
      return judgeRegex(pattern, index);
    },
    tokenizeSecret(text) {
      const token = options.tokenizeSecret(text);
      secretLengths.set(token, text.length);
      return token;
    },
    listUses: () => ({ backends, references, regexes, secretLengths }),
  };
}
