/** A point that a Worker wrote to a dataset, as stored. */
export interface DataPoint {
  readonly dataset: string;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  /** The number of written points that this one represents. */
  readonly sampleInterval: number;
  readonly index: string;
  readonly blobs: readonly string[];
  readonly doubles: readonly number[];
}

/** The datasets of Analytics Engine, in memory. */
export interface DatasetStore {
  write(point: Omit<DataPoint, "sampleInterval">): void;
  list(dataset: string): readonly DataPoint[];
  /** Returns the names of the datasets with points. */
  names(): readonly string[];
  /** Stores one of `interval` points with the same index from now on. Cloudflare samples an index with many points. */
  setSampleInterval(interval: number): void;
  clear(): void;
}

/** Points that a dataset keeps. The oldest are dropped. */
const MAX_POINTS = 200_000;

export function createDatasetStore(): DatasetStore {
  const points = new Map<string, DataPoint[]>();
  const unsampledCounts = new Map<string, number>();
  const state = { sampleInterval: 1 };
  return {
    write(point) {
      const name = `${point.dataset} ${point.index}`;
      const count = (unsampledCounts.get(name) ?? 0) + 1;
      unsampledCounts.set(name, count % state.sampleInterval);
      if (count % state.sampleInterval !== 0) return;
      const stored = points.get(point.dataset) ?? [];
      if (stored.length >= MAX_POINTS) stored.splice(0, MAX_POINTS / 10);
      stored.push({ ...point, sampleInterval: state.sampleInterval });
      points.set(point.dataset, stored);
    },
    list: (dataset) => points.get(dataset) ?? [],
    names: () => [...points.keys()],
    setSampleInterval(interval) {
      state.sampleInterval = interval;
    },
    clear() {
      points.clear();
      unsampledCounts.clear();
    },
  };
}
