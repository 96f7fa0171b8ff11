import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createApiClient } from "../../sync/cloudflare/client.ts";
import { createDns, type Dns, type OriginRecord, planRecordChange, type Zone } from "../../sync/cloudflare/dns.ts";
import { ChangeRejectedError } from "../../sync/cloudflare/rejections.ts";
import type { LocalAccount } from "../../sync/local/account/account.ts";
import { type FaultKind, type FaultyApi, startFaultyApi } from "../support/cloudflare/faulty-api.ts";
import { startMemoryAccount } from "../support/controller/memory-account.ts";
import { MemoryKv } from "../support/memory-kv.ts";

const ORIGIN: OriginRecord = { type: "A", name: "edgress-1.example.com", content: "203.0.113.10" };

interface World {
  readonly account: LocalAccount;
  readonly api: FaultyApi;
  readonly dns: Dns;
  readonly zone: Zone;
  /** Sets the faults of the next batches. */
  failBatches(...faults: FaultKind[]): void;
  countBatches(): number;
}

async function withWorld(use: (world: World) => Promise<void>): Promise<void> {
  const account = await startMemoryAccount(["example.com"], new MemoryKv(), () => {});
  const api = await startFaultyApi(account);
  const timings = { attemptTimeoutMs: 300, retryDelayMs: 1 };
  const dns = createDns(
    createApiClient({ apiToken: account.token, baseURL: api.baseURL, timings }),
    account.accountId,
    [],
    1,
  );
  const [zone] = await dns.listZones();
  assert.ok(zone);
  const isBatch = (line: string) => line.endsWith("/dns_records/batch");
  const failBatches = (...faults: FaultKind[]) => {
    api.decide = (line) => (isBatch(line) ? (faults.shift() ?? "pass") : "pass");
  };
  try {
    await use({ account, api, dns, zone, failBatches, countBatches: () => api.calls.filter(isBatch).length });
  } finally {
    await api.close();
    await account.close();
  }
}

const listContents = ({ account }: World) =>
  account.records("example.com").map(({ type, content }) => `${type} ${content}`);

describe("a batch of DNS records without a response", () => {
  for (const fault of ["lost", "cut"] as const) {
    test(`A batch that is done and ${fault} is not sent again`, async () => {
      await withWorld(async (world) => {
        world.failBatches(fault);
        await world.dns.applyChange(world.zone, { add: [ORIGIN], remove: [] });
        assert.equal(world.countBatches(), 1);
        assert.deepEqual(listContents(world), ["A 203.0.113.10"]);
      });
    });
  }

  for (const fault of ["hang", "error", "too-many"] as const) {
    test(`A batch with the fault ${fault} is sent again`, async () => {
      await withWorld(async (world) => {
        world.failBatches(fault);
        await world.dns.applyChange(world.zone, { add: [ORIGIN], remove: [] });
        assert.equal(world.countBatches(), 2);
        assert.deepEqual(listContents(world), ["A 203.0.113.10"]);
      });
    });
  }

  test("A lost replacement is not repeated: its removals are gone, and its record exists", async () => {
    await withWorld(async (world) => {
      await world.dns.applyChange(world.zone, { add: [ORIGIN], remove: [] });
      const next: OriginRecord = { ...ORIGIN, type: "CNAME", content: "lb.example.org" };
      world.failBatches("lost");
      await world.dns.applyChange(world.zone, planRecordChange(await world.dns.listRecords(world.zone), [next]));
      assert.equal(world.countBatches(), 2);
      assert.deepEqual(listContents(world), ["CNAME lb.example.org"]);
    });
  });

  test("A record that exists already, and a removed one that is gone, do not stop the rest of a batch", async () => {
    await withWorld(async (world) => {
      await world.dns.applyChange(world.zone, { add: [ORIGIN], remove: [] });
      const gone = { ...ORIGIN, id: "0".repeat(32), proxied: true, content: "203.0.113.99" };
      const second = { ...ORIGIN, name: "edgress-2.example.com", content: "203.0.113.11" };
      await world.dns.applyChange(world.zone, { add: [ORIGIN, second], remove: [gone] });
      assert.deepEqual(listContents(world), ["A 203.0.113.10", "A 203.0.113.11"]);
    });
  });

  test("A conflict with a record that is not ours is an error, and the record stays", async () => {
    await withWorld(async (world) => {
      const client = createApiClient({ apiToken: world.account.token, baseURL: world.account.baseURL });
      const foreign = {
        type: "A" as const,
        name: ORIGIN.name,
        content: ORIGIN.content,
        ttl: 1 as const,
        proxied: true,
      };
      await client.dns.records.batch({ zone_id: world.zone.id, posts: [foreign] });
      await assert.rejects(
        world.dns.applyChange(world.zone, { add: [ORIGIN], remove: [] }),
        (error) => error instanceof ChangeRejectedError && error.code === 81057,
      );
      assert.equal(world.countBatches(), 1);
      assert.deepEqual(listContents(world), ["A 203.0.113.10"]);
    });
  });
});
