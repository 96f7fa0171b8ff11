/** Imports by file. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>;

/**
 * Returns a shortest cycle for each group of files that import each other, as "a.ts -> b.ts -> a.ts". Files that only lead
 * to a cycle, or follow from one, are not named.
 */
export function findImportCycles(graph: ImportGraph): string[] {
  const pending = new Set(graph.keys());
  const cycles: string[] = [];
  for (const file of graph.keys()) {
    if (!pending.delete(file)) continue;
    const cycle = findShortestCycle(file, graph);
    if (!cycle) continue;
    cycles.push([...cycle, file].join(" -> "));
    for (const member of findComponent(file, graph)) pending.delete(member);
  }
  return cycles;
}

/** Returns the files from `start` to the one that imports `start` again, or undefined if there is no such file. */
function findShortestCycle(start: string, graph: ImportGraph): string[] | undefined {
  const importers = new Map<string, string>(); // by imported file, for the way back
  const queue = [start];
  for (const file of queue) {
    for (const target of graph.get(file) ?? []) {
      if (target === start) return listPath(file, start, importers);
      if (importers.has(target)) continue;
      importers.set(target, file);
      queue.push(target);
    }
  }
  return undefined;
}

function listPath(end: string, start: string, importers: ReadonlyMap<string, string>): string[] {
  const path = [end];
  for (let file = end; file !== start; ) {
    file = importers.get(file) ?? start;
    path.unshift(file);
  }
  return path;
}

/** Returns the files that `file` reaches and that reach `file`: its strongly connected component. */
function findComponent(file: string, graph: ImportGraph): string[] {
  return [...findReachable(file, graph)].filter((target) => findReachable(target, graph).has(file));
}

function findReachable(start: string, graph: ImportGraph): Set<string> {
  const reachable = new Set([start]);
  for (const file of reachable) for (const target of graph.get(file) ?? []) reachable.add(target);
  return reachable;
}
