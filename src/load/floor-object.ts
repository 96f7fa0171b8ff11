import { DurableObject } from "cloudflare:workers";
import type { Env, SnapshotFloor } from "../env.ts";

/** KV may return an older manifest for "60 seconds or more", so a generation becomes the floor after 5 minutes. */
const DEFAULT_SETTLE_MS = 300_000;
const MAX_RECENT = 400; // one each 0.75 s
const STORAGE_KEY = "state";

/** The floor, and newer generations with the time of their first report (Unix ms). */
interface FloorState {
  readonly floor: number;
  readonly recent: readonly (readonly [generation: number, reportedAt: number])[];
}

/** Remembers the newest generation that edges serve, so that an older signed manifest cannot be replayed later. */
export class GenerationFloor extends DurableObject implements SnapshotFloor {
  readonly #settleMs: number;

  constructor(state: DurableObjectState, env: Pick<Env, "FLOOR_SETTLE_MS">) {
    super(state, env as Cloudflare.Env);
    this.#settleMs = Number(env.FLOOR_SETTLE_MS ?? DEFAULT_SETTLE_MS);
  }

  async read(): Promise<number> {
    return settle(await this.#load(), Date.now(), this.#settleMs).floor;
  }

  async raise(generation: number): Promise<void> {
    const state = await this.#load();
    const newest = state.recent.at(-1)?.[0] ?? state.floor;
    if (generation <= newest) return;
    const now = Date.now();
    const { floor, recent } = settle(state, now, this.#settleMs);
    // The oldest of too many settle later, together with the next one.
    const newState: FloorState = { floor, recent: [...recent, [generation, now] as const].slice(-MAX_RECENT) };
    await this.ctx.storage.put(STORAGE_KEY, newState);
  }

  async #load(): Promise<FloorState> {
    return (await this.ctx.storage.get<FloorState>(STORAGE_KEY)) ?? { floor: 0, recent: [] };
  }
}

function settle({ floor, recent }: FloorState, now: number, settleMs: number): FloorState {
  const settled = recent.filter(([, reportedAt]) => now - reportedAt >= settleMs);
  return { floor: settled.at(-1)?.[0] ?? floor, recent: recent.slice(settled.length) };
}
