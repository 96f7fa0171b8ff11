import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { WebSocket } from "ws";
import { bundleWorker } from "../../../sync/runtime/bundle-worker.ts";
import { publishSnapshot } from "../lab/publish-snapshot.ts";
import { buildHosts } from "../lab/snapshot-objects.ts";
import { startStorage } from "../lab/storage.ts";
import { startWorkerProcess } from "../lab/worker-process.ts";
import { checkBar, createReport, finishBench, readBenchFlags } from "../report.ts";

// Measures the heap of an isolate that is asked for one host of a cluster after the other: 25,000 of 100,000, or --visits NUMBER of --hosts NUMBER.

const flags = readBenchFlags();
const { values: options } = parseArgs({
  strict: false,
  options: { hosts: { type: "string", default: "100000" }, visits: { type: "string", default: "25000" } },
});
const HOSTS = flags.quick ? 500 : Number(options.hosts);
const VISITS = Math.min(Number(options.visits), HOSTS);
const MARKS = [1, 100, 500, 1000, 2500, 5000, 10_000, 15_000, 25_000, 50_000, 100_000].filter((mark) => mark <= VISITS);
const MAX_HEAP_MB = 64;
const CONNECTIONS = 8;
/** Objects of the runtime that refer to each other take several. */
const COLLECTIONS = 3;
const MEGABYTE = 1e6;

interface HeapUsage {
  readonly usedSize: number;
  readonly totalSize: number;
  readonly backingStorageSize?: number;
}

const { values, variables } = await publishSnapshot(buildHosts(HOSTS));
const storage = await startStorage(values);
const script = await bundleWorker(fileURLToPath(new URL("../../../src/index.ts", import.meta.url)), { minify: true });
const worker = await startWorkerProcess(script, { ...variables, SNAPSHOT_REFRESH_MS: "3600000" }, storage);
const readHeap = await connectInspector(worker.inspectorPort);
const rows = [];
let visited = 0;
for (const mark of MARKS) {
  await Promise.all(Array.from({ length: CONNECTIONS }, () => visitHosts(mark)));
  for (let index = 0; index < COLLECTIONS; index++) await worker.collectGarbage();
  const { usedSize, totalSize, backingStorageSize = 0 } = await readHeap();
  rows.push({
    "hosts visited": mark,
    "heap MB after a collection": toMegabytes(usedSize),
    "heap MB reserved": toMegabytes(totalSize),
    "buffers MB": toMegabytes(backingStorageSize),
    "RSS MB of workerd": Math.round(worker.readMemoryMb()),
    "KV reads": (await storage.takeCounts()).bulkReads,
  });
}
await worker.close();
await storage.close();
const maxHeap = Math.max(...rows.map((row) => row["heap MB after a collection"] + row["buffers MB"]));
finishBench(
  createReport(
    "memory",
    [{ title: `Heap of an isolate by hosts visited, of ${HOSTS}`, rows }],
    [checkBar("heap of an isolate", maxHeap, MAX_HEAP_MB, "MB")],
  ),
  flags,
);

async function visitHosts(end: number): Promise<void> {
  while (visited < end) {
    const host = `host-${visited++}.example.com`;
    const status = await worker.send(host, "/api/users");
    if (status !== 200) throw new Error(`${host}: status ${status}`);
  }
}

/** Returns a reader of the heap. https://chromedevtools.github.io/devtools-protocol/v8/Runtime/#method-getHeapUsage */
async function connectInspector(port: number): Promise<() => Promise<HeapUsage>> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/edge`, { perMessageDeflate: false });
  await once(socket, "open");
  let id = 0;
  const call = async (method: string) => {
    id += 1;
    const callId = id;
    socket.send(JSON.stringify({ id: callId, method, params: {} }));
    for (;;) {
      const [message] = await once(socket, "message");
      const reply = JSON.parse(String(message)) as { readonly id?: number; readonly result?: unknown };
      if (reply.id === callId) return reply.result;
    }
  };
  socket.on("error", () => {}); // workerd ends first
  return async () => (await call("Runtime.getHeapUsage")) as HeapUsage;
}

function toMegabytes(bytes: number): number {
  return Math.round(bytes / MEGABYTE);
}
