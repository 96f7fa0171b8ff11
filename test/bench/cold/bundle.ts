import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { WORKER_BUNDLE_OPTIONS } from "../../../sync/runtime/bundle-worker.ts";
import { EMPTY_WORKER } from "../lab/machine-speed.ts";
import { startStorage } from "../lab/storage.ts";
import { startWorkerProcess } from "../lab/worker-process.ts";

const ENTRY = fileURLToPath(new URL("../../../src/index.ts", import.meta.url));
const MAX_ROWS = 20;

/** Returns the bytes of the minified Worker by package and by folder of src. */
export async function measureBundle() {
  const { metafile, outputFiles } = await build({
    ...WORKER_BUNDLE_OPTIONS,
    entryPoints: [ENTRY],
    minify: true,
    write: false,
    metafile: true,
    logLevel: "silent",
  });
  const inputs = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.entries(inputs));
  const byModule = Map.groupBy(inputs, ([path]) => nameModule(path));
  const rows = [...byModule]
    .map(([module, entries]) => ({
      module,
      bytes: entries.reduce((sum, [, { bytesInOutput }]) => sum + bytesInOutput, 0),
    }))
    .toSorted((a, b) => b.bytes - a.bytes)
    .slice(0, MAX_ROWS);
  return { bytes: outputFiles[0]?.contents.length ?? Number.NaN, rows };
}

function nameModule(path: string): string {
  const packageName = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1];
  return (
    packageName ??
    path
      .replace(/^.*?src\//, "src/")
      .split("/")
      .slice(0, 2)
      .join("/")
  );
}

/** Returns the CPU of workerd until it answers: with the Worker, and with an empty one. */
export async function measureStart(script: string, rounds: number) {
  const storage = await startStorage(new Map());
  const times: Record<"empty" | "edgress", number[]> = { empty: [], edgress: [] };
  for (let round = 0; round < rounds; round++) {
    for (const [name, source] of [
      ["empty", EMPTY_WORKER],
      ["edgress", script],
    ] as const) {
      const worker = await startWorkerProcess(source, {}, storage);
      times[name].push(worker.readCpuMs());
      await worker.close();
    }
  }
  await storage.close();
  const lowest = { empty: Math.min(...times.empty), edgress: Math.min(...times.edgress) };
  const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
  const cpuMs = median(times.edgress) - median(times.empty);
  return {
    cpuMs,
    rows: [
      { worker: "empty", "median CPU ms": Math.round(median(times.empty)), "lowest CPU ms": Math.round(lowest.empty) },
      {
        worker: "edgress",
        "median CPU ms": Math.round(median(times.edgress)),
        "lowest CPU ms": Math.round(lowest.edgress),
      },
    ],
  };
}
