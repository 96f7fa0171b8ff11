/** Durations of any number of answers, in a fixed amount of memory. */
export interface Histogram {
  add(ms: number): void;
  /** Returns the upper limit of the bucket that contains a share of the durations: 0.99 for p99. 0 without any. */
  quantile(share: number): number;
}

const BUCKETS_PER_OCTAVE = 8; // 9 % wide
const SMALLEST_MS = 0.1;

export function createHistogram(): Histogram {
  const counts = new Map<number, number>();
  let total = 0;
  return {
    add(ms) {
      const bucket = Math.ceil(Math.log2(Math.max(ms, SMALLEST_MS) / SMALLEST_MS) * BUCKETS_PER_OCTAVE);
      counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
      total += 1;
    },
    quantile(share) {
      let seen = 0;
      for (const [bucket, count] of [...counts].toSorted(([a], [b]) => a - b)) {
        seen += count;
        if (seen >= total * share) return Number((SMALLEST_MS * 2 ** (bucket / BUCKETS_PER_OCTAVE)).toFixed(1));
      }
      return 0;
    },
  };
}
