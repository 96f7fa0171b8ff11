import assert from "node:assert/strict";
import { test } from "node:test";
import { createApiClient } from "../../sync/cloudflare/client.ts";
import { createNamespaces } from "../../sync/cloudflare/namespaces.ts";
import { withKvAccount } from "../support/account/kv-account.ts";

test("A namespace whose title somebody else has taken is not adopted", () =>
  withKvAccount({}, async ({ account }) => {
    const client = createApiClient({ apiToken: account.token, baseURL: account.baseURL });
    const namespaces = createNamespaces(client, account.accountId);
    const created = await namespaces.create("edgress-rules");
    await assert.rejects(namespaces.create("edgress-rules"), /10014/);
    assert.deepEqual(
      (await namespaces.list()).filter(({ title }) => title === "edgress-rules"),
      [created],
    );
  }));
