import assert from "node:assert/strict";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { AppliedObject } from "../support/api-server.ts";
import { sendDevRequest } from "../support/cli/dev-requests.ts";
import { type DevProcess, startDev } from "../support/cli/edge-cli.ts";
import { buildHugeIngress, buildTenant, LARGEST_REGEXES, SLOWEST_CHECKS } from "../support/hostile-objects.ts";
import { waitFor } from "../support/wait-for.ts";

const ADDRESSES = Array.from({ length: 256 }, (_, index) => `198.51.${Math.floor(index / 200)}.${index % 200}`);

/** Runs `edgress dev` over objects of alice, then adds a hostile object and a change of alice in one write. */
async function publishWithAlice(
  objects: readonly AppliedObject[],
  check: (dev: DevProcess, firstLine: number) => Promise<unknown> = async () => {},
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "edgress-dev-hostile-"));
  await writeObjects(folder, buildTenant("alice", ["/old"]));
  const dev = await startDev(folder, "--echo-origins");
  try {
    const firstLine = dev.lines.length;
    const client = sendRequests(dev);
    await writeObjects(folder, [...objects, ...buildTenant("alice", ["/old", "/new"])]);
    await waitFor(() => dev.lines.slice(firstLine).find((line) => line.startsWith("published ")), 60_000);
    assert.equal((await sendDevRequest(dev, "alice.example.com", "/new")).status, 200);
    assert.match(dev.lines.find((line) => line.startsWith("published ")) ?? "", /^published generation=2 /);
    await check(dev, firstLine);
    assert.deepEqual(await client.end(), [200]);
  } finally {
    await dev.end();
    await rm(folder, { recursive: true });
  }
}

/** Replaces the file at once, so that `dev` reads all objects or none. */
async function writeObjects(folder: string, objects: readonly AppliedObject[]): Promise<void> {
  const text = objects.map((object) => JSON.stringify(object)).join("\n---\n");
  await writeFile(join(folder, "objects.tmp"), text);
  await rename(join(folder, "objects.tmp"), join(folder, "objects.yaml"));
}

/** Sends requests one after the other, until `end`, which resolves with their statuses. */
function sendRequests(dev: DevProcess) {
  const statuses = new Set<number | undefined>();
  let hasEnded = false;
  const requests = (async () => {
    while (!hasEnded) statuses.add((await sendDevRequest(dev, "alice.example.com", "/old")).status);
  })();
  requests.catch(() => {}); // `end` rejects with it
  return {
    async end() {
      hasEnded = true;
      await requests;
      return [...statuses];
    },
  };
}

describe("edgress dev over objects that cost much", () => {
  test("100 regexes whose automata are large cannot hold up another change", { timeout: 90_000 }, () =>
    publishWithAlice(buildTenant("bob", LARGEST_REGEXES)),
  );

  test("100 regexes whose checks take longest cannot end edgress dev or stop its answers", { timeout: 90_000 }, () =>
    publishWithAlice(buildTenant("bob", SLOWEST_CHECKS), (dev, firstLine) =>
      dev.waitForLine(/bob\/web .*\(UnsafeRegex, /, firstLine),
    ),
  );

  test("An Ingress of 608 KB with 3,000 hosts cannot end edgress dev", { timeout: 90_000 }, () =>
    publishWithAlice([...buildTenant("bob", ["/"]).slice(0, 1), buildHugeIngress("bob")], (dev, firstLine) =>
      dev.waitForLine(/bob\/web .*\(IngressTooLarge, /, firstLine),
    ),
  );

  test("A Service with 256 addresses cannot hold up another change", { timeout: 90_000 }, () =>
    publishWithAlice(buildTenant("bob", ["/"], ADDRESSES), async (dev) =>
      assert.equal((await sendDevRequest(dev, "bob.example.com", "/")).status, 200),
    ),
  );

  test(
    "Addresses that Cloudflare rejects are used by edgress dev, and hold up no other change",
    {
      timeout: 90_000,
    },
    () =>
      publishWithAlice(buildTenant("bob", ["/"], ["1.1.1.1", "104.16.0.1", "127.0.0.1"]), async (dev) =>
        assert.notEqual((await sendDevRequest(dev, "bob.example.com", "/")).status, 503),
      ),
  );
});
