import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { bundleWorker } from "../../../sync/runtime/bundle-worker.ts";
import { measureWithSlowness } from "../lab/machine-speed.ts";
import { publishSnapshot, type StoredSnapshot } from "../lab/publish-snapshot.ts";
import { buildHosts, buildLargeHost, buildWildcards } from "../lab/snapshot-objects.ts";
import { startStorage } from "../lab/storage.ts";
import { startWorkerProcess } from "../lab/worker-process.ts";
import { checkBar, checkTimeBar, createReport, describeSpeed, finishBench, readBenchFlags } from "../report.ts";
import { measureBundle, measureStart } from "./bundle.ts";

// Measures the first answers of an isolate: CPU of workerd, time, operations and bytes of KV. Each round starts workerd.
// --case TEXT measures the snapshots with this text in their names.

const flags = readBenchFlags();
const { values: options } = parseArgs({ strict: false, options: { case: { type: "string", default: "" } } });
const ROUNDS = flags.quick ? 2 : 7;
const BACKGROUND_MS = 100; // work after the answer
const BURST = 32;
const LIMITS = { cpuMs: 15, skewedCpuMs: 40, operations: 2, startMs: 50, bundleBytes: 160_000 };
const script = await bundleWorker(fileURLToPath(new URL("../../../src/index.ts", import.meta.url)), { minify: true });

interface ColdCase {
  readonly name: string;
  readonly isSkewed: boolean;
  readonly host: string; // of the first request
  readonly path: string;
  readonly otherHost: string; // probably of another shard
  build(): Promise<StoredSnapshot>;
}

const range = <T>(count: number, build: (index: number) => T) =>
  Array.from({ length: count }, (_, index) => build(index));
const scale = flags.quick ? 100 : 1;

function hostsCase(count: number): ColdCase {
  const build = () => publishSnapshot(buildHosts(count));
  return {
    name: `${count} hosts`,
    isSkewed: false,
    host: "host-1.example.com",
    path: "/api/users",
    otherHost: "host-5.example.com",
    build,
  };
}

function skewedCase(name: string, host: string, path: string, buildObjects: () => object[]): ColdCase {
  const build = () => publishSnapshot([...buildHosts(1000 / scale), ...buildObjects()]);
  return { name, isSkewed: true, host, path, otherHost: "host-5.example.com", build };
}

const buildHostless = () =>
  buildLargeHost(
    undefined,
    range(10_000 / scale, (index) => `/any-${index}`),
  );
const CASES: readonly ColdCase[] = [
  ...(flags.quick ? [10] : [10, 10_000, 100_000]).map(hostsCase),
  skewedCase("one host with 5,000 paths", "large.example.com", "/app-7/v1/x", () =>
    buildLargeHost(
      "large.example.com",
      range(5000 / scale, (index) => `/app-${index}/v1`),
    ),
  ),
  skewedCase("one host with 5,000 regexes", "large.example.com", "/app-7/v1/x", () =>
    buildLargeHost(
      "large.example.com",
      range(5000 / scale, (index) => `/app-${index}(/|$)(.*)`),
      true,
    ),
  ),
  skewedCase("2,000 wildcards", "a.w7.example.com", "/", () => buildWildcards(2000 / scale)),
  skewedCase("10,000 rules without a host, their own request", "other.example.com", "/any-7/x", buildHostless),
  skewedCase("10,000 rules without a host, another host's request", "host-1.example.com", "/api/users", buildHostless),
];

/** The cost of one answer. */
interface Answer {
  readonly status: number;
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly operations: number;
  readonly keys: number;
  readonly bytes: number;
}

const {
  result: { rows, start },
  slowness,
} = await measureWithSlowness(measureCases);
const bundle = await measureBundle();

finishBench(
  createReport(
    "cold",
    [
      {
        title: "First answers of an isolate, median",
        rows: rows.map(({ isSkewed: _, burstReads, ...row }) => ({
          ...row,
          [`manifest reads of ${BURST} at once`]: burstReads,
        })),
      },
      describeSpeed(slowness),
      { title: "Start of the Worker, until it answers without a snapshot", rows: start.rows },
      { title: "Bundle by module, minified", rows: bundle.rows },
    ],
    [
      ...rows.flatMap(({ snapshot, isSkewed, cpuMs, operations, burstReads }) => [
        checkTimeBar(`${snapshot}: first answer`, cpuMs, isSkewed ? LIMITS.skewedCpuMs : LIMITS.cpuMs, slowness),
        checkBar(`${snapshot}: KV operations`, operations, LIMITS.operations, "operations"),
        checkBar(`${snapshot}: manifest reads of a burst`, burstReads, 1, "reads"),
      ]),
      checkTimeBar("start", start.cpuMs, LIMITS.startMs, slowness),
      checkBar("bundle", bundle.bytes, LIMITS.bundleBytes, "bytes"),
    ],
  ),
  flags,
);

async function measureCases() {
  const rows = [];
  for (const coldCase of CASES.filter(({ name }) => name.includes(String(options.case))))
    rows.push(await measureCase(coldCase));
  return { rows, start: await measureStart(script, ROUNDS) };
}

async function measureCase({ name, isSkewed, host, path, otherHost, build }: ColdCase) {
  const { values, variables } = await build();
  const storage = await startStorage(values);
  const first: Answer[] = [];
  const other: Answer[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const worker = await startWorkerProcess(script, variables, storage);
    const measure = async (requestHost: string, requestPath: string): Promise<Answer> => {
      await storage.takeCounts();
      const [cpuBefore, startedAt] = [worker.readCpuMs(), performance.now()];
      const status = await worker.send(requestHost, requestPath);
      const wallMs = performance.now() - startedAt;
      await sleep(BACKGROUND_MS);
      const cpuMs = worker.readCpuMs() - cpuBefore;
      const { manifestReads, bulkReads, keys, bytes } = await storage.takeCounts();
      return { status, cpuMs, wallMs, operations: manifestReads + bulkReads, keys, bytes };
    };
    first.push(await measure(host, path));
    other.push(await measure(otherHost, "/api/users"));
    await worker.close();
  }
  const failed = [...first, ...other].find(({ status }) => status !== 200);
  if (failed) throw new Error(`${name}: status ${failed.status}`);
  const burst = await startWorkerProcess(script, variables, storage);
  await storage.takeCounts();
  await Promise.all(range(BURST, () => burst.send(host, path)));
  const { manifestReads: burstReads } = await storage.takeCounts();
  await burst.close();
  await storage.close();
  const median = (answers: readonly Answer[], read: (answer: Answer) => number) =>
    answers.map(read).toSorted((a, b) => a - b)[answers.length >> 1] ?? Number.NaN;
  return {
    snapshot: name,
    isSkewed,
    cpuMs: round(median(first, ({ cpuMs }) => cpuMs)),
    wallMs: round(median(first, ({ wallMs }) => wallMs)),
    operations: median(first, ({ operations }) => operations),
    keys: median(first, ({ keys }) => keys),
    kB: round(median(first, ({ bytes }) => bytes) / 1000),
    burstReads,
    "another shard, cpuMs": round(median(other, ({ cpuMs }) => cpuMs)),
    "another shard, wallMs": round(median(other, ({ wallMs }) => wallMs)),
  };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
