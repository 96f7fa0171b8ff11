import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import packageJson from "../../../package.json" with { type: "json" };
import { bundleWorker } from "../../runtime/bundle-worker.ts";
import { readIfExists, type SetupFiles, writePrivateFile } from "../folder.ts";

// The npm package has no sources: there the bundled Worker is next to this module.
const WORKER_ENTRY = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "../../../src/index.ts" : "./worker.js", import.meta.url),
);

/** The Worker's code, and the version that identifies it. */
export interface WorkerScript {
  readonly text: string;
  /** "0.1.0+0123456789ab": the version of edgress and the digest of the code. */
  readonly build: string;
}

/** Bundles the Worker of this version of edgress. */
export async function loadWorkerScript(): Promise<WorkerScript> {
  const text = await bundleWorker(WORKER_ENTRY, { minify: true });
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 12);
  return { text, build: `${packageJson.version}+${digest}` };
}

/** Copies the Worker into the set-up folder, from where wrangler deploys it. */
export async function copyWorkerScript({ workerScript }: SetupFiles, { text }: WorkerScript): Promise<void> {
  if ((await readIfExists(workerScript)) !== text) await writePrivateFile(workerScript, text);
}
