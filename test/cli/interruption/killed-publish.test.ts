import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { runPublish } from "../../../sync/commands/publish.ts";
import { readPublishedSnapshot } from "../../../sync/publish/read-published.ts";
import { startWaiting } from "../../support/cli/killed-process.ts";
import { startPublishAccount } from "../../support/cli/publish-command.ts";
import { isWrite, startFaultyApi } from "../../support/cloudflare/faulty-api.ts";
import {
  FIRST_HOST,
  formatManifests,
  readVersion,
  SECOND_HOST,
  watchForMixture,
} from "../../support/publish/versioned-manifests.ts";
import { waitFor } from "../../support/wait-for.ts";

const { edge, environment, folder, openPublishedKv } = await startPublishAccount("example.com");
const file = join(folder, "manifests.yaml");

const OPTIONS = {
  manifests: [file],
  ingressClass: "edgress",
  controller: "edgress.dev/ingress-controller",
  watchIngressWithoutClass: false,
  exclusiveHosts: false,
  allowedResponseHeaders: [],
  takeOwnership: false,
  allowMassDeletion: false,
  resume: false,
  maxRemovedHosts: 10,
  dryRun: false,
  format: "text" as const,
};

async function publishVersion(version: number): Promise<void> {
  await writeFile(file, formatManifests(version));
  const lines: string[] = [];
  assert.equal(await runPublish(OPTIONS, environment, (line) => lines.push(line)), 0, lines.join("\n"));
}

test("A publish that is killed at any call never leaves a mixture, and the next publish repairs it", async () => {
  await publishVersion(1);
  const api = await startFaultyApi(edge.stack.account);
  const stop = new AbortController();
  const watching = watchForMixture(edge, stop.signal);
  const start = () => startWaiting(["publish", "--manifests", "-"], environment, api);
  let next = start();
  for (let lastCall = 1, version = 2; ; lastCall++, version += 2) {
    const command = next;
    next = start(); // it loads while the other one runs
    const { code } = await command.runUntil(formatManifests(version), lastCall, "SIGKILL");
    const served = await readVersion(edge, FIRST_HOST);
    assert.ok(served === version || served === version - 1, `killed after ${api.calls.at(-1)}: serves ${served}`);
    if (code === 0) {
      assert.ok(api.calls.filter(isWrite).length >= 4, api.calls.join("\n"));
      break;
    }
    assert.equal(code, null);
    await publishVersion(version + 1);
    await waitFor(async () => (await readVersion(edge, FIRST_HOST)) === version + 1);
    assert.equal(await readVersion(edge, SECOND_HOST), version + 1);
    const { kv, signer } = openPublishedKv();
    assert.deepEqual((await readPublishedSnapshot(kv, signer)).missingShards, []);
  }
  await next.runUntil("", 1, "SIGKILL");
  stop.abort();
  assert.deepEqual(await watching, []);
  await api.close();
});
