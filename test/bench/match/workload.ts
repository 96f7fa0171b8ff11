import type { HostRules } from "../../../src/rules/snapshot.ts";

/** Prefixes of every host. */
export const PATHS = ["/", "/api", "/api/v2", "/static", "/login", "/assets/img", "/docs", "/ws"] as const;

/** A request, and the route that must match it. */
export interface MatchRequest {
  readonly host: string;
  readonly path: string;
  readonly route: string; // "HOST PREFIX"
}

export function buildHostName(index: number): string {
  return `host-${index}.example.com`;
}

/** Returns the rules of a host as an isolate gets them: parsed, so that no host shares its texts with others. */
export function buildHostRules(index: number): HostRules {
  const host = buildHostName(index);
  const routes = PATHS.map((path) => ({ id: `${host} ${path}`, path: { type: "prefix", path }, policies: {} }));
  return JSON.parse(JSON.stringify({ host, policies: {}, routes, backends: {} })) as HostRules;
}

/** Returns requests for hosts and paths in random order, the same ones in every run. */
export function buildRequests(count: number, hosts: number): MatchRequest[] {
  const next = createRandom(3);
  return Array.from({ length: count }, () => {
    const host = buildHostName(Math.floor(next() * hosts));
    const prefix = PATHS[Math.floor(next() * PATHS.length)] ?? "/";
    return { host, path: `${prefix === "/" ? "" : prefix}/users/42`, route: `${host} ${prefix}` };
  });
}

/** Returns a generator of numbers in [0, 1) that is the same in every run (mulberry32). */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
