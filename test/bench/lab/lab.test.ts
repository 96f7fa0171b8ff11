import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { listen } from "../../../sync/net/listen.ts";
import { findWorkerBundle } from "../../support/worker/worker-bundle.ts";
import { formatRange, median, readThreadCpuMs } from "./cpu.ts";
import { Lab } from "./processes.ts";
import { writeSnapshot } from "./publish-snapshot.ts";
import { REQUEST_HEADERS } from "./request-headers.ts";
import { startRawWorkerd } from "./workerd.ts";
import { buildWorkload, type LoadRequest, listRequests, POLICY_SETS, type PolicySet } from "./workload.ts";

const HOSTS = 4;
const lab = new Lab();
const origin = createServer((message, response) => response.end(`from ${message.url}`));
let workerd: Awaited<ReturnType<typeof startRawWorkerd>>;

before(async () => {
  const { port } = await listen(origin, 0);
  const script = readFileSync(await findWorkerBundle(), "utf8");
  const sets = Object.keys(POLICY_SETS) as PolicySet[];
  const workers = await Promise.all(
    sets.map(async (policies, index) => {
      const file = join(lab.folder, `${index}.json`);
      const variables = await writeSnapshot(buildWorkload({ hosts: HOSTS, policies }), file);
      return { name: `w${index}`, script, space: `s${index}`, variables, metrics: true, file };
    }),
  );
  const kvPort = await lab.fork(
    "kv-process.ts",
    workers.map(({ space, file }) => `${space}=${file}`),
  );
  workerd = await startRawWorkerd(lab, workers, { originPort: port, kvPort });
});

after(async () => {
  await lab.close();
  origin.close();
});

function send(port: number, { host, path }: LoadRequest): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const headers = { ...REQUEST_HEADERS, Host: host };
  const message = request({ port, host: "127.0.0.1", path, headers, agent: false });
  message.on("response", (response) => response.resume().on("end", () => resolve(response.statusCode)));
  message.on("error", reject).end();
  return promise;
}

for (const [index, policies] of Object.keys(POLICY_SETS).entries()) {
  test(`The origin answers every request of the load under the policies "${policies}"`, async () => {
    const statuses = await Promise.all(listRequests(HOSTS, true).map((row) => send(workerd.portOf(`w${index}`), row)));
    assert.deepEqual(statuses, Array(6).fill(200));
  });
}

test("The CPU time of a process grows with its work", async () => {
  const before = readThreadCpuMs(workerd.pid);
  await Promise.all(listRequests(HOSTS, true).map((row) => send(workerd.portOf("w0"), row)));
  assert.ok(readThreadCpuMs(workerd.pid) > before);
});

test("The median of an even count is the mean of its middle values", () => {
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.equal(formatRange([1.5, 1, 1.25]), "1.25 (1.00 to 1.50)");
});
