/** What the run did to the edge, the controller and KV, with its time. */
export interface ActionLog {
  record(kind: string, detail?: string): void;
  /** Returns how often each kind happened. */
  counts(): Readonly<Record<string, number>>;
  /** Returns the last actions before a time (Unix ms), as texts. */
  lastBefore(time: number): readonly string[];
}

const LAST_ACTIONS = 5;

export function createActionLog(startedAt: number): ActionLog {
  const actions: { readonly at: number; readonly kind: string; readonly detail: string }[] = [];
  return {
    record: (kind, detail = "") => void actions.push({ at: Date.now(), kind, detail }),
    counts: () => Object.fromEntries([...Map.groupBy(actions, ({ kind }) => kind)].map(([k, all]) => [k, all.length])),
    lastBefore: (time) =>
      actions
        .filter(({ at }) => at <= time)
        .slice(-LAST_ACTIONS)
        .map(({ at, kind, detail }) => `${formatSeconds(at - startedAt)} ${kind} ${detail}`.trim()),
  };
}

/** Formats milliseconds: "12.345 s". */
export function formatSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(3)} s`;
}
