import { readFile } from "node:fs/promises";

/** Returns the script of a Worker. A ".js" entry is read as it is, because it is bundled already. */
export async function bundleWorker(entry: string): Promise<string> {
  if (entry.endsWith(".js")) return readFile(entry, "utf8");
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    alias: { crypto: "node:crypto" }, // as wrangler does
    target: "es2024",
    logLevel: "silent",
  });
  return outputFiles[0]?.text ?? "";
}
