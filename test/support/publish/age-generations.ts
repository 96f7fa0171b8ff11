import type { Manifest } from "../../../src/rules/snapshot.ts";
import { toCanonicalJson } from "../../../sync/publish/canonical-json.ts";
import { createSigner } from "../../../sync/publish/sign-manifest.ts";
import type { MemoryKv } from "../memory-kv.ts";

/** Makes every generation in KV older. */
export function ageGenerations(kv: MemoryKv, privateKey: string, minutes: number): void {
  const signer = createSigner(privateKey);
  for (const [key, value] of kv.values) {
    if (key !== "current" && !key.startsWith("generation/")) continue;
    const manifest = JSON.parse(signer.verify(value) ?? "{}") as Manifest;
    const publishedAt = new Date(Date.parse(manifest.publishedAt) - minutes * 60_000).toISOString();
    kv.values.set(key, signer.sign(toCanonicalJson({ ...manifest, publishedAt })));
  }
}
