const MAX_BATCH_RECORDS = 200; // the limit of a zone with the Free plan

interface Named {
  readonly name: string;
}

/** Records to add and to remove in one request. */
interface Batch<Added extends Named, Removed extends Named> {
  readonly add: readonly Added[];
  readonly remove: readonly Removed[];
}

/**
 * Splits a change into batches. The API runs the deletes of a batch before its posts, and rejects a post that conflicts
 * with a record of the same name. So a name's removals share a batch with its additions, and other removals are last.
 */
export function batchChanges<Added extends Named, Removed extends Named>({
  add,
  remove,
}: Batch<Added, Removed>): Batch<Added, Removed>[] {
  const addedByName = Map.groupBy(add, ({ name }) => name.toLowerCase());
  const removedByName = Map.groupBy(remove, ({ name }) => name.toLowerCase());
  const changesWithAdditions = [...addedByName].map(([name, records]) => ({
    add: records,
    remove: removedByName.get(name) ?? [],
  }));
  const changesOnlyRemoving = [...removedByName]
    .filter(([name]) => !addedByName.has(name))
    .map(([, records]) => ({ add: [], remove: records }));
  return [...packBatches(changesWithAdditions), ...packBatches(changesOnlyRemoving)];
}

function packBatches<Added extends Named, Removed extends Named>(
  changes: readonly Batch<Added, Removed>[],
): Batch<Added, Removed>[] {
  const batches: { add: Added[]; remove: Removed[] }[] = [];
  for (const change of changes) {
    const lastBatch = batches.at(-1);
    const size = [lastBatch?.add, lastBatch?.remove, change.add, change.remove].reduce(
      (sum, list) => sum + (list?.length ?? 0),
      0,
    );
    if (lastBatch && size <= MAX_BATCH_RECORDS) {
      lastBatch.add.push(...change.add);
      lastBatch.remove.push(...change.remove);
    } else batches.push({ add: [...change.add], remove: [...change.remove] });
  }
  return batches;
}
