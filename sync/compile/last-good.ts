import { type Cluster, type Ingress, nameOf } from "../collect/cluster-model.ts";
import { compile } from "./compile.ts";
import { createCompileCache } from "./compile-cache.ts";
import { withCurrentRestrictions } from "./current-restrictions.ts";
import { isIngressError } from "./diagnostic-reasons.ts";
import type { Diagnostic } from "./diagnostics.ts";
import type { Compilation } from "./model.ts";
import type { Options } from "./options.ts";

/** The state of Ingresses from earlier syncs, by "namespace/name". */
export interface PreviousState {
  /** The last version of each Ingress that compiled. */
  readonly lastGood: ReadonlyMap<string, Ingress>;
  /** When each Ingress stopped compiling: RFC 3339. */
  readonly brokenSince: ReadonlyMap<string, string>;
}

export const NO_PREVIOUS_STATE: PreviousState = { lastGood: new Map(), brokenSince: new Map() };

export interface LastGoodCompilation extends PreviousState {
  readonly compilation: Compilation;
}

/**
 * Compiles a cluster. An Ingress with errors is replaced by its last good version, with its current guards and removals.
 * If one of its guards is unreadable, its paths are closed instead, because the last good version may lack that guard.
 */
export function compileWithLastGood(
  cluster: Cluster,
  previousState: PreviousState,
  options: Options,
  now: string,
  cache = createCompileCache(),
): LastGoodCompilation {
  const firstCompilation = compile(cluster, options, cache);
  const brokenNames = findBrokenIngresses(firstCompilation.diagnostics);
  if (brokenNames.size === 0)
    return { compilation: firstCompilation, lastGood: firstCompilation.ingresses, brokenSince: new Map() };
  const invalidIngresses = cluster.invalidObjects.filter(({ kind }) => kind === "Ingress");
  const invalidByName = new Map(invalidIngresses.map((object) => [nameOf(object), object]));
  const replacements = new Map(
    [...brokenNames].flatMap((name) => {
      const object = invalidByName.get(name) ?? firstCompilation.ingresses.get(name);
      const lastGoodIngress = previousState.lastGood.get(name);
      return object && lastGoodIngress
        ? [[name, withCurrentRestrictions(lastGoodIngress, object, firstCompilation.diagnostics)] as const]
        : [];
    }),
  );
  const secondCompilation =
    replacements.size === 0
      ? firstCompilation
      : compile(replaceIngresses(cluster, firstCompilation.ingresses, replacements), options, cache);
  const compilation =
    replacements.size === 0
      ? firstCompilation
      : mergeDiagnostics(firstCompilation, secondCompilation, replacements, previousState, now);
  return {
    compilation,
    lastGood: new Map([
      ...[...firstCompilation.ingresses].filter(([name]) => !brokenNames.has(name)),
      ...[...replacements.keys()].flatMap((name) => findEntry(name, previousState.lastGood)),
    ]),
    brokenSince: new Map([...replacements.keys()].map((name) => [name, previousState.brokenSince.get(name) ?? now])),
  };
}

/** Returns the Ingresses with an `isIngressError` diagnostic, except those that a guard closes. */
function findBrokenIngresses(diagnostics: readonly Diagnostic[]): Set<string> {
  const listIngressNames = (selectedDiagnostics: readonly Diagnostic[]) =>
    selectedDiagnostics.flatMap(({ object }) =>
      object.startsWith("Ingress ") ? [object.slice("Ingress ".length)] : [],
    );
  const closedNames = new Set(listIngressNames(diagnostics.filter(({ reason }) => reason === "RouteFailedClosed")));
  const brokenNames = listIngressNames(diagnostics.filter(({ reason }) => isIngressError(reason)));
  return new Set(brokenNames.filter((name) => !closedNames.has(name)));
}

/** Replaces Ingresses in their places, so that the second compilation differs from the first one only there. */
function replaceIngresses(
  cluster: Cluster,
  selectedIngresses: ReadonlyMap<string, Ingress>,
  replacements: ReadonlyMap<string, Ingress>,
): Cluster {
  const byObject = new Map<Ingress, Ingress>();
  const added: Ingress[] = [];
  for (const [name, replacement] of replacements) {
    const brokenIngress = selectedIngresses.get(name);
    if (brokenIngress) byObject.set(brokenIngress, replacement);
    else added.push(replacement);
  }
  const otherIngresses = cluster.ingresses.map((ingress) => byObject.get(ingress) ?? ingress);
  const invalidObjects = cluster.invalidObjects.filter(
    (object) => object.kind !== "Ingress" || !replacements.has(nameOf(object)),
  );
  return { ...cluster, ingresses: [...otherIngresses, ...added], invalidObjects };
}

/** Returns the second compilation, with the first compilation's diagnostics for the replaced Ingresses. */
function mergeDiagnostics(
  firstCompilation: Compilation,
  secondCompilation: Compilation,
  replacements: ReadonlyMap<string, Ingress>,
  previousState: PreviousState,
  now: string,
): Compilation {
  const isReplaced = ({ object }: Diagnostic) => replacements.has(object.replace(/^Ingress /, ""));
  const lastGoodDiagnostics = [...replacements].map(([name, { source }]): Diagnostic => {
    const since = previousState.brokenSince.get(name) ?? now;
    return {
      reason: "ServingLastGood",
      object: `Ingress ${name}`,
      source,
      field: "spec",
      problem: `Ingress has not compiled since ${since}; its last good version is served`,
      remedy: "resolve its other diagnostics",
    };
  });
  const diagnostics = [
    ...secondCompilation.diagnostics.filter((diagnostic) => !isReplaced(diagnostic)),
    ...firstCompilation.diagnostics.filter(isReplaced),
    ...lastGoodDiagnostics,
  ];
  const regexes = [...new Set([...firstCompilation.regexes, ...secondCompilation.regexes])];
  const secretTokens = [...firstCompilation.secretTokens, ...secondCompilation.secretTokens];
  return { ...secondCompilation, ingresses: firstCompilation.ingresses, diagnostics, regexes, secretTokens };
}

function findEntry<T>(name: string, entries: ReadonlyMap<string, T>): [string, T][] {
  const value = entries.get(name);
  return value === undefined ? [] : [[name, value]];
}
