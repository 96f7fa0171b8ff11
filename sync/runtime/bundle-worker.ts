import { readFile } from "node:fs/promises";
import type { BuildOptions } from "esbuild";

/** Options of esbuild for every bundle of the Worker, as in wrangler. */
export const WORKER_BUNDLE_OPTIONS = {
  bundle: true,
  format: "esm",
  platform: "neutral",
  mainFields: ["module", "main"],
  conditions: ["workerd", "worker", "browser"],
  external: ["cloudflare:*", "node:*"],
  alias: { crypto: "node:crypto" },
  target: "es2024",
} satisfies BuildOptions;

/** Returns the script of a Worker. A ".js" entry is read as it is, because it is bundled already. */
export async function bundleWorker(entry: string, { minify = false } = {}): Promise<string> {
  if (entry.endsWith(".js")) return readFile(entry, "utf8");
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    ...WORKER_BUNDLE_OPTIONS,
    entryPoints: [entry],
    minify,
    write: false,
    logLevel: "silent",
  });
  return outputFiles[0]?.text ?? "";
}
