import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleWorker } from "../../../sync/runtime/bundle-worker.ts";
import { buildManifests } from "../../support/manifests.ts";
import { formatRange, median, readThreadCpuMs } from "../lab/cpu.ts";
import { Lab } from "../lab/processes.ts";
import { writeSnapshot } from "../lab/publish-snapshot.ts";
import { BARE_SCRIPT, startRawWorkerd } from "../lab/workerd.ts";
import { INGRESS_CLASS } from "../lab/workload.ts";
import { type BenchBar, type BenchTable, checkBar, createReport, finishBench, readBenchFlags } from "../report.ts";
import { startStreamOrigin } from "./stream-origin.ts";
import { type Destination, download, echoMessages, readEvents, upload } from "./transfers.ts";

// CPU time of workerd for transfers under timeouts and limits, against a Worker that passes requests on, in turns.

const flags = readBenchFlags();
const ROUNDS = flags.quick ? 1 : 5;
const EVENTS = flags.quick ? 400 : 2000;
const MESSAGES = flags.quick ? 2000 : 20_000;
const BAR = 1.5;
const BARE = "bare Worker";

/** The annotations of each host. */
const LIMITS = {
  plain: {},
  read: { "proxy-read-timeout": "120" },
  send: { "proxy-send-timeout": "120" },
  size: { "proxy-body-size": "800m" },
  connections: { "limit-connections": "100" },
  all: {
    "proxy-read-timeout": "120",
    "proxy-send-timeout": "120",
    "proxy-body-size": "800m",
    "limit-connections": "100",
  },
} as const;
type Limit = keyof typeof LIMITS;

/** A kind of transfer, and the hosts that it is measured on. It may resolve with a delay in ms. */
interface Transfer {
  readonly title: string;
  readonly hosts: readonly Limit[];
  readonly run: (destination: Destination) => Promise<unknown>;
}

const TRANSFERS: readonly Transfer[] = [
  { title: "100 MiB down", hosts: ["plain", "read", "connections", "all"], run: download },
  { title: "100 MiB up", hosts: ["plain", "send", "size", "all"], run: (to) => upload(to, false) },
  { title: "100 MiB up in chunks", hosts: ["plain", "send", "size", "all"], run: (to) => upload(to, true) },
  { title: `${EVENTS} events`, hosts: ["plain", "read", "connections", "all"], run: (to) => readEvents(to, EVENTS) },
  { title: `${MESSAGES} WebSocket echoes`, hosts: ["plain", "all"], run: (to) => echoMessages(to, MESSAGES) },
];

const lab = new Lab();
const origin = await startStreamOrigin(EVENTS);
try {
  const file = join(lab.folder, "snapshot.json");
  const ingresses = Object.fromEntries(Object.entries(LIMITS).map(([name, annotations]) => [name, { annotations }]));
  const variables = await writeSnapshot([INGRESS_CLASS, ...buildManifests(ingresses, { shop: ["203.0.113.1"] })], file);
  const kvPort = await lab.fork("kv-process.ts", [`rules=${file}`]);
  const script = await bundleWorker(fileURLToPath(new URL("../../../src/index.ts", import.meta.url)), { minify: true });
  const workers = [
    { name: "bare", script: BARE_SCRIPT },
    { name: "edge", script, space: "rules", variables },
  ];
  const { pid, portOf } = await startRawWorkerd(lab, workers, { originPort: origin.port, kvPort });
  const results: { readonly table: BenchTable; readonly bars: readonly BenchBar[] }[] = [];
  for (const transfer of TRANSFERS) results.push(await measure(transfer, pid, portOf));
  const bars = flags.quick ? [] : results.flatMap((result) => result.bars);
  finishBench(
    createReport(
      "streams",
      results.map(({ table }) => table),
      bars,
    ),
    flags,
  );
} finally {
  await lab.close();
  origin.close();
}

interface Sample {
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly delayMs: number | undefined;
}

async function measure({ title, hosts, run }: Transfer, pid: number, portOf: (name: string) => number) {
  const sides = [
    { name: BARE, destination: { port: portOf("bare"), host: "plain.example.com" } },
    ...hosts.map((name) => ({ name, destination: { port: portOf("edge"), host: `${name}.example.com` } })),
  ];
  const samples = new Map<string, Sample[]>(sides.map(({ name }) => [name, []]));
  for (let round = -1; round < ROUNDS; round++) {
    for (const { name, destination } of sides) {
      const [cpuBefore, startedAt] = [readThreadCpuMs(pid), performance.now()];
      const result = await run(destination);
      const delayMs = typeof result === "number" ? result : undefined;
      const sample = { cpuMs: readThreadCpuMs(pid) - cpuBefore, wallMs: performance.now() - startedAt, delayMs };
      if (round >= 0) samples.get(name)?.push(sample); // the first round warms up
    }
  }
  const base = samples.get(BARE) ?? [];
  const ratiosOf = (name: string) =>
    (samples.get(name) ?? []).map(({ cpuMs }, index) => cpuMs / (base[index]?.cpuMs ?? Number.NaN));
  const rows = [...samples].map(([name, own]) => ({
    [title]: describe(name),
    "CPU ms": Math.round(median(own.map(({ cpuMs }) => cpuMs))),
    "of bare": name === BARE ? "1" : formatRange(ratiosOf(name)),
    "wall ms": Math.round(median(own.map(({ wallMs }) => wallMs))),
    ...(own[0]?.delayMs !== undefined && { "delay ms": median(own.map(({ delayMs = 0 }) => delayMs)).toFixed(2) }),
  }));
  const bars = hosts.map((name) => checkBar(`${title}, ${describe(name)}`, median(ratiosOf(name)), BAR, "× bare"));
  return { table: { title, rows }, bars };
}

/** Returns the names of the annotations of a host. */
function describe(name: string): string {
  if (name === BARE || name === "all") return name;
  return Object.keys(LIMITS[name as Limit])[0] ?? "no policy";
}
