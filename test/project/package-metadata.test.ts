import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import * as z from "zod";
import packageJson from "../../package.json" with { type: "json" };
import { npm } from "../support/cli/npm.ts";
import { REPOSITORY } from "../support/docs/markdown.ts";

describe("the metadata of the npm package", () => {
  test("the peer dependency and the development dependency are one version of miniflare", async () => {
    const { optionalDependencies } = JSON.parse(
      await readFile(join(REPOSITORY, "tools/newer-node/package.json"), "utf8"),
    );
    assert.equal(packageJson.peerDependencies.miniflare, optionalDependencies.miniflare);
  });

  test("npm warns of no package's engines on Node 20.19: those that need a newer Node are optional", async () => {
    const Lock = z.object({
      packages: z.record(
        z.string(),
        z.object({
          optional: z.optional(z.boolean()),
          engines: z.optional(z.object({ node: z.optional(z.string()) })),
        }),
      ),
    });
    const { packages } = Lock.parse(JSON.parse(await readFile(join(REPOSITORY, "package-lock.json"), "utf8")));
    const needsNewer = Object.entries(packages)
      .filter(([, { engines }]) => /^>=? ?2(0\.[2-9]\d|[1-9])/.test(engines?.node ?? ""))
      .map(([path, { optional = false }]) => ({ path, optional }));
    assert.ok(needsNewer.some(({ path }) => path === "node_modules/miniflare"));
    assert.deepEqual(
      needsNewer.filter(({ optional }) => !optional),
      [],
    );
  });

  test("the SBOM lists every bundled package and zod as required, and no tool of development", async () => {
    npm(REPOSITORY, "run", "sbom");
    const Bom = z.object({
      metadata: z.object({ component: z.object({ name: z.string(), version: z.string() }) }),
      components: z.array(z.object({ purl: z.string(), scope: z.string() })),
    });
    const text = await readFile(join(REPOSITORY, "dist/edgress-0.1.0.cdx.json"), "utf8");
    const { metadata, components } = Bom.parse(JSON.parse(text));
    assert.deepEqual(metadata.component, { name: "edgress", version: "0.1.0" });
    const names = components.map(({ purl }) => decodeURIComponent(purl).replace(/^pkg:npm\/|@[^@]*$/g, ""));
    const shipped = [
      "@eslint-community/regexpp",
      "@kubernetes/client-node",
      "cloudflare",
      "commander",
      "hpke",
      "pino",
      "undici",
      "yaml",
      "zod",
    ];
    assert.deepEqual(
      shipped.filter((name) => !names.includes(name)),
      [],
    );
    assert.deepEqual(
      ["esbuild", "typescript", "wrangler", "miniflare", "fast-check"].filter((name) => names.includes(name)),
      [],
    );
    assert.ok(components.every(({ scope }) => scope === "required"));
  });
});
