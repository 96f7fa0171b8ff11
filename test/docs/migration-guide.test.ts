import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { parse } from "yaml";
import { startDev } from "../support/cli/edge-cli.ts";
import { NO_KUBECTL } from "../support/deploy/kustomize.ts";
import { run } from "../support/docs/commands.ts";
import { listBlocks, listGuideCommands } from "../support/docs/migration-guide.ts";
import { MIGRATION_EXAMPLE, readObjects, withMigratedFolder } from "../support/migration/example-folder.ts";
import { buildSecrets } from "../support/migration/secrets.ts";

interface Ingress {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly annotations: Readonly<Record<string, string>> };
  readonly spec: { readonly ingressClassName: string };
}

test("The dev and curl commands of the migration guide answer from the Service of the example", async () => {
  const [devCommand = "", curlCommand = ""] = listGuideCommands("4. Rehearse");
  const [, options = ""] = /dev --manifests manifests\/ (.*)/.exec(devCommand) ?? [];
  const output = await withMigratedFolder(await buildSecrets(), async (folder) => {
    const dev = await startDev(folder, ...options.split(" "));
    try {
      return await runShell(curlCommand.replaceAll("8443", dev.https.port));
    } finally {
      await dev.end();
    }
  });
  assert.match(output, /^HTTP\/[\d.]+ 200/);
  assert.match(output, /"backend": "shop\/shop-cart:80"/);
  assert.match(output, /"path": "\/items"/);
});

test("The patch of the migration guide turns an Ingress into a copy for the edge", async () => {
  assert.equal(spawnSync("kubectl", ["version", "--client"]).error, undefined, NO_KUBECTL);
  const [patch = ""] = listBlocks("5. Run side by side", "yaml");
  const original = (await readObjects(MIGRATION_EXAMPLE)).find(isShopCart);
  assert.ok(original);
  const fromServer = {
    ...original,
    metadata: { ...original.metadata, uid: "1", resourceVersion: "2", creationTimestamp: "2026-01-01T00:00:00Z" },
    status: { loadBalancer: { ingress: [{ ip: "192.0.2.20" }] } },
  };
  const [, command = ""] = listGuideCommands("5. Run side by side");
  const copy = parse(await runShell(toPipeline(command), { patch, original: JSON.stringify(fromServer) })) as Ingress;
  const { name: _, annotations, ...metadata } = original.metadata;
  const { "cert-manager.io/cluster-issuer": __, ...keptAnnotations } = annotations;
  assert.deepEqual(copy, {
    ...original,
    metadata: {
      ...metadata,
      name: "shop-cart-edgress",
      annotations: { ...keptAnnotations, "external-dns.alpha.kubernetes.io/controller": "ignore" },
    },
    spec: { ...original.spec, ingressClassName: "edgress" },
  });
});

function isShopCart(object: object): object is Ingress {
  const { kind, metadata } = object as Ingress;
  return kind === "Ingress" && metadata.name === "shop-cart";
}

/** Replaces the files of a command with variables and standard streams. */
function toPipeline(command: string): string {
  return command
    .replace("-f shop-cart.yaml", "-f -")
    .replace("$(cat copy.yaml)", "$patch")
    .replace(/ > \S+$/, "")
    .replace(/^/, 'printf %s "$original" | ');
}

async function runShell(command: string, variables: Readonly<Record<string, string>> = {}): Promise<string> {
  const { stdout } = await run("sh", ["-c", command], { env: { PATH: process.env.PATH, ...variables } });
  return stdout;
}
