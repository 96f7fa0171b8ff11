import assert from "node:assert/strict";
import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { hashSync } from "bcryptjs";
import { parseVariables, type Variables } from "../../../sync/setup/keys/variable-file.ts";
import { type GuardedShop, startGuardedShop } from "../../support/setup/guarded-shop.ts";
import { type SetupWorld, startSetupWorld } from "../../support/setup/setup-world.ts";
import { waitFor } from "../../support/wait-for.ts";

const REQUEST_INTERVAL_MS = 20;

let world: SetupWorld;
let shop: GuardedShop;

before(async () => {
  world = await startSetupWorld();
  shop = await startGuardedShop(world, `ann:${hashSync("secret", 4)}`);
  const { code, stdout, stderr } = await world.run(["init", "--yes", "--edge-url", world.cloudflare.http.origin]);
  assert.equal(code, 0, stdout + stderr);
  await publish();
  await waitFor(async () => (await shop.request()) === 200);
});

after(async () => {
  await shop.close();
  await world.close();
});

function readControllerFile(): Promise<Variables> {
  return readFile(join(world.folder, ".edgress/production/edgress.env"), "utf8").then(parseVariables);
}

async function publish(): Promise<void> {
  const { code, stdout, stderr } = await world.run(["publish", "-f", shop.manifests], await readControllerFile());
  assert.equal(code, 0, stdout + stderr);
}

/** Sends requests one after the other until `end`. Resolves with the count of each status or error. */
function sendContinuously() {
  const counts = new Map<string, number>();
  let isEnded = false;
  const loop = async () => {
    while (!isEnded) {
      const result = await shop.request().then(String, String);
      counts.set(result, (counts.get(result) ?? 0) + 1);
      await sleep(REQUEST_INTERVAL_MS); // leaves time for the commands
    }
  };
  const done = Promise.all([loop(), loop()]);
  return {
    async end() {
      isEnded = true;
      await done;
      return Object.fromEntries(counts);
    },
  };
}

const ROTATE = ["keys", "rotate", "--yes", "--settle", "1"];

test("`keys rotate` replaces both keys under continuous requests, none of which fails", async () => {
  const before = await readControllerFile();
  const requests = sendContinuously();
  const first = await world.run(ROTATE);
  assert.equal(first.code, 2, first.stdout + first.stderr);
  assert.deepEqual(
    first.stdout.split("\n").filter((line) => /^\d\/7/.test(line)),
    [
      "1/7 create new keys",
      "2/7 set the Worker's secret EDGRESS_DECRYPTION_KEY_2, next to the old one",
      "3/7 deploy the Worker with the new verifying key next to the old one",
      "4/7 wait until the edge accepts the new keys",
      "5/7 write the new keys into the controller's files",
      "5/7 the controller must publish with the new keys",
    ],
  );
  await publish();
  const second = await world.run(ROTATE);
  assert.equal(second.code, 0, second.stdout + second.stderr);
  assert.match(
    second.stdout,
    /6\/7 deploy the Worker without the old verifying key\n7\/7 delete the Worker's old secret EDGRESS_DECRYPTION_KEY\ndone: /,
  );
  const { "200": succeeded = 0, ...failed } = await requests.end();
  assert.deepEqual(failed, {});
  assert.ok(succeeded > 50, String(succeeded));
  const after = await readControllerFile();
  for (const name of ["EDGRESS_SIGNING_KEY", "EDGRESS_ENCRYPTION_KEY", "EDGRESS_VERIFYING_KEY"])
    assert.notEqual(after[name], before[name], name);
  assert.doesNotMatch(after.EDGRESS_VERIFYING_KEY ?? "", /,/);
  await assert.rejects(access(join(world.folder, ".edgress/production/next-keys.env")));
});

test("After a rotation, the checks find no problem and publishing goes on", async () => {
  const { code, stdout } = await world.run(["check", "--json"]);
  assert.equal(code, 0, stdout);
  const { checks } = JSON.parse(stdout);
  const secrets = checks.find(({ name }: { name: string }) => name === "worker-secrets");
  assert.equal(secrets.message, "Worker has the secrets EDGRESS_DECRYPTION_KEY_2, EDGRESS_STATUS_TOKEN");
  await publish();
  assert.equal(await shop.request(), 200);
});
