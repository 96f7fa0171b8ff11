import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createApiClient } from "../../../sync/cloudflare/client.ts";
import { type AccountOptions, type LocalAccount, startAccount } from "../../../sync/local/account/account.ts";
import { type AccountResponse, sendApiRequest } from "../../support/account/send-api-request.ts";
import { createManualClock } from "../../support/cloudflare/manual-clock.ts";

const clock = { now: 1_800_000_000_000 };

async function withAccount(options: Partial<AccountOptions>, use: (account: LocalAccount) => Promise<void>) {
  const storage = () => {
    throw new Error("no storage");
  };
  const account = await startAccount({ zones: ["example.com"], storage, now: () => clock.now, ...options });
  try {
    await use(account);
  } finally {
    await account.close();
  }
}

const listZones = (account: LocalAccount, token = account.token): Promise<AccountResponse> =>
  sendApiRequest(account, "GET /zones", { authorization: `Bearer ${token}` });

function readLimit({ status, headers }: AccountResponse) {
  return {
    status,
    limit: headers.get("ratelimit"),
    policy: headers.get("ratelimit-policy"),
    retryAfter: headers.get("retry-after"),
  };
}

describe("budget of API calls", () => {
  test("Call 1,201 in 5 minutes is a 429, and so is each call in the next 5 minutes", async () => {
    await withAccount({}, async (account) => {
      for (let call = 1; call <= 1200; call++) assert.equal((await listZones(account)).status, 200);
      clock.now += 100_000;
      const blocked = await listZones(account);
      assert.equal(blocked.json.errors[0].code, 971);
      assert.equal(readLimit(blocked).retryAfter, "300");
      clock.now += 299_000;
      assert.deepEqual(readLimit(await listZones(account)), {
        status: 429,
        limit: '"default";r=0;t=1',
        policy: '"default";q=1200;w=300',
        retryAfter: "1",
      });
      clock.now += 1000;
      assert.equal(readLimit(await listZones(account)).limit, '"default";r=1199;t=300');
    });
  });

  test("Every response has the calls that are left and the seconds until the window ends", async () => {
    await withAccount({ callLimit: 3 }, async (account) => {
      const policy = '"default";q=3;w=300';
      const first = { status: 200, limit: '"default";r=2;t=300', policy, retryAfter: null };
      assert.deepEqual(readLimit(await listZones(account)), first);
      clock.now += 120_000;
      const failed = await sendApiRequest(account, "GET /zones/x/y", { authorization: `Bearer ${account.token}` });
      assert.deepEqual(readLimit(failed), { status: 404, limit: '"default";r=1;t=180', policy, retryAfter: null });
    });
  });

  test("Each token of the account has its own budget, and all tokens of a user share one", async () => {
    const tokens = [
      { value: "first" },
      { value: "second" },
      { value: "laptop", kind: "user" as const },
      { value: "phone", kind: "user" as const },
    ];
    await withAccount({ callLimit: 1, tokens }, async (account) => {
      const statuses = [];
      for (const token of ["first", "first", "second", "laptop", "phone"])
        statuses.push((await listZones(account, token)).status);
      assert.deepEqual(statuses, [200, 429, 200, 200, 429]);
    });
  });

  test("A call that gets a fault counts too", async () => {
    await withAccount({ callLimit: 2 }, async (account) => {
      account.faults = { ...account.faults, serverErrors: 1 };
      const limits = [await listZones(account), await listZones(account), await listZones(account)];
      assert.deepEqual(
        limits.map(({ status }) => status),
        [500, 200, 429],
      );
    });
  });

  test("The client of edgress slows down before no call is left, and never gets a 429", async () => {
    const clientClock = createManualClock();
    await withAccount({ now: clientClock.now }, async ({ baseURL, token: apiToken, requests }) => {
      const timings = { maxAttempts: 1 };
      const client = createApiClient({ apiToken, baseURL, clock: clientClock, timings });
      for (let call = 1; call <= 1300; call++) await client.zones.list();
      assert.equal(requests.length, 1300);
      assert.ok(clientClock.now() >= 300_000, "the client waits for the next window");
    });
  });
});
