import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { runEdgress } from "../../support/cli/edge-cli.ts";
import { startWaiting } from "../../support/cli/killed-process.ts";
import { startPublishAccount } from "../../support/cli/publish-command.ts";
import { isWrite, startFaultyApi } from "../../support/cloudflare/faulty-api.ts";
import { formatManifests } from "../../support/publish/versioned-manifests.ts";

const { edge, environment, folder } = await startPublishAccount("example.com");
const api = await startFaultyApi(edge.stack.account);
after(() => api.close());

const BLOBS = /\/bulk$/;
const ROUTES = /^GET .*\/workers\/routes$/;

/** Runs a command until a signal after a call. Returns its exit code, its standard error, and the last write. */
async function interrupt(args: string[], input: string, lastCall: RegExp, signal: "SIGINT" | "SIGTERM") {
  const { code, stderr } = await startWaiting(args, environment, api).runUntil(input, lastCall, signal);
  const lastWrite = api.calls.findLast(isWrite)?.replace(/.*\//, "");
  return { code, stderr, lastWrite };
}

const publish = ["publish", "--manifests", "-"];

describe("a signal to a command that publishes", () => {
  test("Ctrl-C after the blobs of the first publication publishes nothing", async () => {
    assert.deepEqual(await interrupt(publish, formatManifests(1), BLOBS, "SIGINT"), {
      code: 130,
      stderr:
        "edgress: interrupted: nothing is published; nothing of the new generation is served. Run the command again\n",
      lastWrite: "bulk",
    });
  });

  test("SIGTERM after the manifest leaves the new generation published", async () => {
    assert.deepEqual(await interrupt([...publish, "--manage-hosts"], formatManifests(1), ROUTES, "SIGTERM"), {
      code: 143,
      stderr:
        "edgress: interrupted: generation 1 is published. If records or routes are missing, run the command again\n",
      lastWrite: "current",
    });
  });

  test("Ctrl-C during the read of the published rules writes nothing", async () => {
    const { code, stderr, lastWrite } = await interrupt(publish, formatManifests(2), /\/values\/current$/, "SIGINT");
    // The read may be complete when the signal arrives.
    assert.match(
      stderr,
      /^edgress: interrupted: (nothing was written|generation 1 stays active; nothing of .*)\. Run the/,
    );
    assert.deepEqual([code, lastWrite], [130, undefined]);
  });

  test("SIGTERM to edgress apply after the blobs leaves the old generation active", async () => {
    const [manifests, plan] = [join(folder, "manifests.yaml"), join(folder, "plan")];
    await writeFile(manifests, formatManifests(3));
    const savePlan = () => runEdgress(["plan", "--manifests", manifests, "--out", plan], environment);
    assert.equal((await savePlan()).code, 2);
    assert.deepEqual(await interrupt(["apply", plan], "", BLOBS, "SIGTERM"), {
      code: 143,
      stderr:
        "edgress: interrupted: generation 1 stays active; nothing of the new generation is served. Run the command again\n",
      lastWrite: "bulk",
    });
    assert.equal((await savePlan()).code, 2); // without the DNS record, which exists by now
    const { code, stdout } = await runEdgress(["apply", plan], environment);
    assert.match(stdout, /^published generation=2 /m);
    assert.equal(code, 0);
  });
});
