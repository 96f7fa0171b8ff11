import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { readMachineCpuMs, readThreadCpuMs } from "./cpu.ts";
import type { Lab } from "./processes.ts";
import { REQUEST_HEADERS } from "./request-headers.ts";
import type { LoadRequest } from "./workload.ts";

const CONNECTIONS = 32;
/** Share of a CPU that other processes may take during a slice. A busier slice is taken again. */
const MAX_FOREIGN_SHARE = 0.15;
const QUIET_SAMPLE_MS = 150;
const MAX_QUIET_WAIT_MS = 3000;

/** A server under load. */
export interface LoadTarget {
  readonly pid: number;
  readonly port: number;
  readonly script: string; // of wrk
  /** Requests of the script until it repeats them. A warm-up sends each of them. */
  readonly length?: number;
}

/** A slice of load. */
export interface LoadSlice {
  readonly requests: number;
  readonly failures: number; // errors, and statuses above 399
  readonly cpuMicroseconds: number; // of the server
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly isClean: boolean; // others left the machine alone
}

/** Writes a script for wrk that sends the requests in turn. */
export function writeLoadScript(lab: Lab, name: string, requests: readonly LoadRequest[]): string {
  const file = join(lab.folder, `${name}.lua`);
  const headers = Object.entries(REQUEST_HEADERS).map(
    ([key, value]) => `wrk.headers["${key}"] = ${JSON.stringify(value)}`,
  );
  const rows = requests.map(({ host, path }) => `{"${host}", "${path}"}`);
  const source = `${headers.join("\n")}
local rows = {${rows.join(",\n")}}
local formatted, at = {}, 0
function init(args)
  for index, row in ipairs(rows) do
    wrk.headers["Host"] = row[1]
    formatted[index] = wrk.format("GET", row[2])
  end
end
function request()
  at = at % #formatted + 1
  return formatted[at]
end
function done(summary, latency)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d %d\\n", summary.requests, summary.duration,
    e.status + e.connect + e.read + e.write + e.timeout, latency:percentile(50), latency:percentile(99), os.clock() * 1000))
end
`;
  writeFileSync(file, source);
  return file;
}

/** Sends load for some seconds. Takes the slice again, up to twice, if other processes were busy and time is left. */
export async function runSlice(lab: Lab, target: LoadTarget, seconds: number, retries = 2): Promise<LoadSlice> {
  await waitUntilQuiet(lab);
  const slice = await runOnce(lab, target, seconds);
  if (slice.isClean || retries === 0 || !lab.hasSpareTime()) return slice;
  lab.spend(seconds * 1000);
  return runSlice(lab, target, seconds, retries - 1);
}

async function runOnce(lab: Lab, { pid, port, script }: LoadTarget, seconds: number): Promise<LoadSlice> {
  const before = { machine: readMachineCpuMs(), own: lab.readCpuMs(), server: readThreadCpuMs(pid) };
  const args = ["-t1", `-c${CONNECTIONS}`, `-d${seconds}s`, "-s", script, `http://127.0.0.1:${port}/`];
  const child = spawn("wrk", args, { stdio: ["ignore", "pipe", "inherit"] });
  const output = text(child.stdout);
  await once(child, "close");
  const cpuMs = readThreadCpuMs(pid) - before.server;
  const numbers = /^RESULT (.*)$/m
    .exec(await output)?.[1]
    ?.split(" ")
    .map(Number);
  if (!numbers) throw new Error(`wrk failed: ${await output}`);
  const [requests = 0, durationUs = 0, failures = 0, p50Us = 0, p99Us = 0, wrkMs = 0] = numbers;
  const foreignMs = readMachineCpuMs() - before.machine - (lab.readCpuMs() - before.own) - wrkMs;
  return {
    requests,
    failures,
    cpuMicroseconds: cpuMs * 1000,
    requestsPerSecond: requests / (durationUs / 1e6),
    p50Ms: p50Us / 1000,
    p99Ms: p99Us / 1000,
    isClean: foreignMs / (durationUs / 1000) < MAX_FOREIGN_SHARE,
  };
}

/** Waits until other processes leave the machine alone, up to 3 s. */
async function waitUntilQuiet(lab: Lab): Promise<void> {
  for (let waitedMs = 0; waitedMs < MAX_QUIET_WAIT_MS && lab.hasSpareTime(); waitedMs += QUIET_SAMPLE_MS) {
    lab.spend(QUIET_SAMPLE_MS);
    const [machine, own] = [readMachineCpuMs(), lab.readCpuMs()];
    await sleep(QUIET_SAMPLE_MS);
    if (readMachineCpuMs() - machine - (lab.readCpuMs() - own) <= MAX_FOREIGN_SHARE * QUIET_SAMPLE_MS) return;
  }
}
