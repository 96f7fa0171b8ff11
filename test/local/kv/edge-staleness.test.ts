import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { type LocalCloudflare, startLocalCloudflare } from "../../../sync/local/local-cloudflare.ts";
import { sendApiRequest } from "../../support/account/send-api-request.ts";

const WORKER = `
export default {
  async fetch(request, env) {
    return new Response((await env.RULES.get("current")) ?? "absent");
  },
};`;

let stack: LocalCloudflare;
let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "edgress-staleness-"));
  const worker = join(folder, "worker.js");
  await writeFile(worker, WORKER);
  const zones = ["example.com"];
  const ports = { httpPort: 0, httpsPort: 0 };
  const log = () => undefined;
  stack = await startLocalCloudflare({ ...ports, zones, worker, variables: {}, log, edgeFaults: true });
});
after(async () => {
  await stack.close();
  await rm(folder, { recursive: true });
});
beforeEach(() => stack.account.setEdgeReadMode("cached"));

async function write(value: string): Promise<void> {
  const { accountId, namespaceId, token } = stack.account;
  const line = `PUT /accounts/${accountId}/storage/kv/namespaces/${namespaceId}/values/current`;
  const { status } = await sendApiRequest(stack.account, line, { authorization: `Bearer ${token}` }, value);
  assert.equal(status, 200);
}

/** Reads the key at a location of the edge, some seconds after the start. */
async function readAt(location: string, seconds: number): Promise<string> {
  await stack.account.setEdgeReadMode("cached", { location, stalenessMs: 60_000, clockOffsetMs: seconds * 1000 });
  return await (await fetch(stack.http)).text();
}

describe("staleness of the edge", () => {
  test("A location reads an old value until its cache expires, and another location its own", async () => {
    await write("old");
    assert.equal(await readAt("ams", 0), "old");
    await write("new");
    assert.equal(await readAt("ams", 30), "old");
    assert.equal(await readAt("fra", 30), "new");
    await write("newest");
    assert.equal(await readAt("ams", 61), "newest");
    assert.equal(await readAt("fra", 61), "new");
    assert.equal(await readAt("fra", 91), "newest");
  });
});
