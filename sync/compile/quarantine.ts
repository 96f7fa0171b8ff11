import type { Cluster, Ingress, Malformed } from "../collect/cluster.ts";
import { type Compiled, compile } from "./compile.ts";
import { type Diagnostic, isSpoiling } from "./diagnostic.ts";
import { bareName, known } from "./known.ts";
import { newMemory } from "./memory.ts";
import type { Options } from "./options.ts";
import { nameOf } from "./select.ts";

/** What is known of Ingresses from before, by "namespace/name". */
export interface Before {
  /** Each as it was when it last compiled. */
  readonly lastGood: ReadonlyMap<string, Ingress>;
  /** Since when those that no longer compile are kept as they were: RFC 3339. */
  readonly quarantined: ReadonlyMap<string, string>;
}

export interface Kept extends Before {
  readonly compiled: Compiled;
}

// Who may call, and how often: what of these a broken Ingress asks for holds for its last good rules too.
const PROTECTING: readonly (string | undefined)[] = ["access", "clientCertificate", "limits"];

/**
 * Compiles a cluster. An Ingress that does not compile and once did is compiled as it was then, with the guards that it asks
 * for now. One whose guard cannot be read is not kept: its paths are closed, as its last good rules may lack that guard.
 */
export function compileKeeping(
  cluster: Cluster,
  before: Before,
  options: Options,
  now: string,
  memory = newMemory(),
): Kept {
  const first = compile(cluster, options, memory);
  const spoiled = spoiledOf(first.diagnostics);
  if (spoiled.size === 0) return { compiled: first, lastGood: first.ours, quarantined: new Map() };
  const malformed = cluster.malformed.filter(({ kind }) => kind === "Ingress");
  const present = new Map<string, Ingress | Malformed>([
    ...first.ours,
    ...malformed.map((object) => [nameOf(object), object] as const),
  ]);
  const replaced = new Map(
    [...spoiled].flatMap((name) => {
      const [object, good] = [present.get(name), before.lastGood.get(name)];
      return object && good ? [[name, guarded(good, object.annotations)] as const] : [];
    }),
  );
  const second = replaced.size === 0 ? first : compile(withReplaced(cluster, replaced), options, memory);
  const compiled = replaced.size === 0 ? first : told(first, second, replaced, before, now);
  return {
    compiled,
    lastGood: new Map([
      ...[...first.ours].filter(([name]) => !spoiled.has(name)),
      ...[...replaced.keys()].flatMap((name) => entryOf(name, before.lastGood)),
    ]),
    quarantined: new Map([...replaced.keys()].map((name) => [name, before.quarantined.get(name) ?? now])),
  };
}

/** The Ingresses of which something did not compile, and that no guard closes. */
function spoiledOf(diagnostics: readonly Diagnostic[]): Set<string> {
  const named = (some: readonly Diagnostic[]) =>
    some.flatMap(({ object }) => (object.startsWith("Ingress ") ? [object.slice("Ingress ".length)] : []));
  const closed = new Set(named(diagnostics.filter(({ reason }) => reason === "RouteClosed")));
  const spoiled = named(diagnostics.filter(({ reason }) => isSpoiling(reason)));
  return new Set(spoiled.filter((name) => !closed.has(name)));
}

/** An Ingress as it was, but for the guards, which are those that are asked for now; what was guarded stays so. */
function guarded(good: Ingress, annotations: Readonly<Record<string, string>>): Ingress {
  const asked = Object.entries(annotations).filter(([key]) =>
    PROTECTING.includes(known.get(bareName(key) ?? "")?.policy),
  );
  const names = new Set(asked.map(([key]) => bareName(key)));
  const rest = Object.entries(good.annotations).filter(([key]) => !names.has(bareName(key) ?? key));
  return { ...good, annotations: Object.fromEntries([...rest, ...asked]) };
}

function withReplaced(cluster: Cluster, replaced: ReadonlyMap<string, Ingress>): Cluster {
  const others = cluster.ingresses.filter((ingress) => !replaced.has(nameOf(ingress)));
  const malformed = cluster.malformed.filter((object) => object.kind !== "Ingress" || !replaced.has(nameOf(object)));
  return { ...cluster, ingresses: [...others, ...replaced.values()], malformed };
}

/** The second compilation, in which Ingresses are as they were, with what the first had to say of them as they are. */
function told(
  first: Compiled,
  second: Compiled,
  replaced: ReadonlyMap<string, Ingress>,
  before: Before,
  now: string,
): Compiled {
  const isReplaced = ({ object }: Diagnostic) => replaced.has(object.replace(/^Ingress /, ""));
  const quarantined = [...replaced].map(([name, { source }]): Diagnostic => {
    const since = before.quarantined.get(name) ?? now;
    return {
      reason: "Quarantined",
      object: `Ingress ${name}`,
      source,
      field: "spec",
      problem: `it does not compile since ${since}, and is served as it was before`,
      remedy: "correct what its other diagnostics name",
    };
  });
  const diagnostics = [
    ...second.diagnostics.filter((diagnostic) => !isReplaced(diagnostic)),
    ...first.diagnostics.filter(isReplaced),
    ...quarantined,
  ];
  return { ...second, ours: first.ours, diagnostics };
}

function entryOf<T>(name: string, from: ReadonlyMap<string, T>): [string, T][] {
  const value = from.get(name);
  return value === undefined ? [] : [[name, value]];
}
