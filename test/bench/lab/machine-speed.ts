import { median } from "./cpu.ts";
import { startStorage } from "./storage.ts";
import { startWorkerProcess } from "./worker-process.ts";

/** A Worker without code of its own. */
export const EMPTY_WORKER = 'export default { fetch() { return new Response("x"); } };';
/** CPU of workerd until an empty Worker answers, in ms, on the machine for which the limits in ms are set. */
const REFERENCE_START_MS = 29;
const STARTS = 7;

/** Returns the CPU times of workerd until an empty Worker answers, in ms. */
async function measureEmptyStarts(): Promise<number[]> {
  const storage = await startStorage(new Map());
  const times: number[] = [];
  for (let start = 0; start < STARTS; start++) {
    const worker = await startWorkerProcess(EMPTY_WORKER, {}, storage);
    times.push(worker.readCpuMs());
    await worker.close();
  }
  await storage.close();
  return times;
}

/**
 * Runs a benchmark between starts of an empty Worker. Also returns how many times longer than the reference machine this one
 * takes: two virtual machines of one type differ by a factor of two, and one machine within a day.
 */
export async function measureWithSlowness<T>(measure: () => T | Promise<T>): Promise<{ result: T; slowness: number }> {
  const before = await measureEmptyStarts();
  const result = await measure();
  const after = await measureEmptyStarts();
  return { result, slowness: median([...before, ...after]) / REFERENCE_START_MS };
}
