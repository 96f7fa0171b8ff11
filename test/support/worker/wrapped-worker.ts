import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findWorkerBundle } from "./worker-bundle.ts";

/** Code around the edge. */
export interface WorkerCode {
  /** Runs at the start of the isolate. */
  readonly setUp?: string;
  /** Runs for each `request` with its `env`. */
  readonly beforeRequest?: string;
  /** Members of Durable Object classes that replace those of the edge. */
  readonly objects?: { readonly Limiter?: string; readonly GenerationFloor?: string };
}

/** Writes the entry of a Worker around the edge to a temporary folder. */
export async function writeWrappedWorker({ setUp = "", beforeRequest = "", objects = {} }: WorkerCode) {
  const folder = await mkdtemp(join(tmpdir(), "edgress-wrapped-"));
  const entry = join(folder, "worker.ts");
  await writeFile(
    entry,
    `import edge from ${JSON.stringify(await findWorkerBundle())};
    import { DurableObject } from "cloudflare:workers";
    import * as own from ${JSON.stringify(await findWorkerBundle())};
    ${formatClass("Limiter", objects.Limiter)}
    ${formatClass("GenerationFloor", objects.GenerationFloor)}
    ${setUp}
    export default {
      fetch(request, env, background) {
        ${beforeRequest}
        return edge.fetch(request, env, background);
      },
    };`,
  );
  return { worker: entry, remove: () => rm(folder, { recursive: true }) };
}

function formatClass(name: string, members: string | undefined): string {
  return `export class ${name} extends ${members === undefined ? `own.${name}` : "DurableObject"} { ${members ?? ""} }`;
}

/** Code for `writeWrappedWorker`: X-Clock-Ahead-Ms of a request sets the clock of the isolate ahead. */
export const ADJUSTABLE_CLOCK: WorkerCode = {
  setUp: "let aheadMs = 0; const { now } = Date; Date.now = () => now() + aheadMs;",
  beforeRequest: 'aheadMs = Number(request.headers.get("X-Clock-Ahead-Ms") ?? aheadMs);',
};

/** Code for `writeWrappedWorker`: a location whose cache has no copy of a manifest or blob. */
export const EMPTY_CACHE: WorkerCode = {
  setUp: `Object.defineProperty(globalThis, "caches", {
    value: { default: { match: async () => undefined, put: async () => {} } },
  });`,
};
