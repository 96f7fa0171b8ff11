import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { WebSocket } from "ws";
import { bundleWorker } from "../../../sync/runtime/bundle-worker.ts";
import { findFreePort } from "../../support/free-port.ts";
import { runSlice, writeLoadScript } from "../lab/load.ts";
import { startNginxOrigin } from "../lab/nginx-origin.ts";
import { Lab } from "../lab/processes.ts";
import { writeSnapshot } from "../lab/publish-snapshot.ts";
import { startRawWorkerd } from "../lab/workerd.ts";
import { buildWorkload, listRequests, type PolicySet } from "../lab/workload.ts";

// Prints where the time of a request goes, by function of the edge, from V8's profiler. The inspector makes console.log dearer.
// --hosts NUMBER, --policies SET, --no-line for hosts without access line and metrics, --seconds NUMBER.

const { values: options } = parseArgs({
  options: {
    hosts: { type: "string", default: "10" },
    policies: { type: "string", default: "none" },
    seconds: { type: "string", default: "6" },
    "no-line": { type: "boolean", default: false },
  },
});
const SAMPLE_MICROSECONDS = 100;
const MAX_ROWS = 40;

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string };
}

interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const lab = new Lab(0);
try {
  const originPort = await startNginxOrigin(lab);
  const inspectorPort = await findFreePort();
  const [hosts, hasLine] = [Number(options.hosts), !options["no-line"]];
  const file = join(lab.folder, "snapshot.json");
  const variables = await writeSnapshot(buildWorkload({ hosts, policies: options.policies as PolicySet }), file);
  const kvPort = await lab.fork("kv-process.ts", [`snapshot=${file}`]);
  const script = await bundleWorker(fileURLToPath(new URL("../../../src/index.ts", import.meta.url)), {});
  const worker = { name: "edge", script, space: "snapshot", variables, metrics: hasLine };
  const { pid, portOf } = await startRawWorkerd(lab, [worker], { originPort, kvPort, inspectorPort });
  const target = { pid, port: portOf("edge"), script: writeLoadScript(lab, "load", listRequests(hosts, hasLine)) };
  await runSlice(lab, target, 3, 0);
  const call = await connectInspector(inspectorPort);
  await call("Profiler.enable");
  await call("Profiler.setSamplingInterval", { interval: SAMPLE_MICROSECONDS });
  await call("Profiler.start");
  const { requests } = await runSlice(lab, target, Number(options.seconds), 0);
  const { profile } = (await call("Profiler.stop")) as { readonly profile: Profile };
  console.table(listFunctions(profile, requests).slice(0, MAX_ROWS));
} finally {
  await lab.close();
}

async function connectInspector(port: number) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/edge`, { perMessageDeflate: false, maxPayload: 2 ** 30 });
  await once(socket, "open");
  socket.on("error", () => {}); // workerd ends first
  let id = 0;
  return async (method: string, params: object = {}): Promise<unknown> => {
    id += 1;
    const callId = id;
    socket.send(JSON.stringify({ id: callId, method, params }));
    for (;;) {
      const [message] = await once(socket, "message");
      const reply = JSON.parse(String(message)) as { readonly id?: number; readonly result?: unknown };
      if (reply.id === callId) return reply.result;
    }
  };
}

/** Returns the own time of each function, in µs a request. Native functions count for themselves. */
function listFunctions({ nodes, samples, timeDeltas }: Profile, requests: number) {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, callFrame.functionName || "(anonymous)"]));
  const times = new Map<string, number>();
  samples.forEach((sample, index) => {
    const name = names.get(sample) ?? "";
    times.set(name, (times.get(name) ?? 0) + (timeDeltas[index] ?? 0));
  });
  const total = [...times].reduce((sum, [name, time]) => (name === "(idle)" ? sum : sum + time), 0);
  return [...times]
    .filter(([name]) => name !== "(idle)")
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, time]) => ({
      function: name,
      "µs a request": Number((time / requests).toFixed(1)),
      "share %": Number(((100 * time) / total).toFixed(1)),
    }));
}
