import { readdir, readFile } from "node:fs/promises";

/** Returns the peak memory in MB of each workerd that this process started. Empty on other systems than Linux. */
export async function readWorkerdPeaks(): Promise<number[]> {
  const processes = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));
  const statuses = await Promise.all(processes.map((id) => readFile(`/proc/${id}/status`, "utf8").catch(() => "")));
  return statuses
    .filter((status) => /^Name:\s*workerd$/m.test(status) && status.includes(`PPid:\t${process.pid}\n`))
    .map((status) => Number(/^VmHWM:\s*(\d+)/m.exec(status)?.[1] ?? 0) / 1000);
}
