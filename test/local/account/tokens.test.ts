import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type LocalAccount, startAccount } from "../../../sync/local/account/account.ts";
import { callAccount } from "../../support/account/call-account.ts";
import { sendApiRequest } from "../../support/account/send-api-request.ts";

let account: LocalAccount;

before(async () => {
  account = await startAccount({
    zones: ["example.com", "example.net"],
    storage: () => {
      throw new Error("no storage");
    },
    tokens: [
      { value: "all" },
      { value: "personal", kind: "user" },
      { value: "reader", permissions: ["Workers KV Storage Read", "DNS Read", "Zone Read"] },
      { value: "one-zone", permissions: ["DNS Write", "Zone Read"], zones: ["example.net"] },
      { value: "no-zone-read", permissions: ["DNS Write"] },
      { value: "scripts-only", permissions: ["Workers Scripts Write"] },
    ],
  });
});
after(() => account.close());

const send = (token: string, line: string, body?: object) => callAccount({ ...account, token }, line, body);
/** Returns the status and the codes, such as "403 10000". */
async function outcomeOf(token: string, line: string, body?: object): Promise<string> {
  const { status, codes } = await send(token, line, body);
  return [status, ...codes].join(" ");
}

describe("tokens", () => {
  test("A malformed Authorization header is a 400 with code 6003, and code 6111 in its error chain", async () => {
    for (const authorization of ["Bearer two words", 'Bearer "quoted"', "Token all", "Bearer", "all"]) {
      const { status, json } = await sendApiRequest(account, "GET /zones", { authorization });
      assert.deepEqual(
        { status, errors: json.errors },
        {
          status: 400,
          errors: [
            {
              code: 6003,
              message: "Invalid request headers",
              error_chain: [{ code: 6111, message: "Invalid format for Authorization header" }],
            },
          ],
        },
      );
    }
  });

  test("A malformed X-Auth-Key header is a 400 with code 6103 in its error chain", async () => {
    const { status, json } = await sendApiRequest(account, "GET /zones", { "x-auth-key": "short" });
    assert.equal(status, 400);
    assert.deepEqual([json.errors[0].code, json.errors[0].error_chain[0].code], [6003, 6103]);
  });

  test("A call without credentials is a 400", async () => {
    const { status, json } = await sendApiRequest(account, "GET /zones", {});
    assert.deepEqual([status, json.errors[0].code], [400, 9106]);
    const verification = await sendApiRequest(account, "GET /user/tokens/verify", {});
    assert.deepEqual([verification.status, verification.json.errors[0].code], [400, 1001]);
  });

  test("An unknown token is a 403 with code 10000, and at verify a 401 with code 1000", async () => {
    assert.equal(await outcomeOf("unknown", "GET /zones"), "403 10000");
    assert.equal(await outcomeOf("unknown", "GET /user/tokens/verify"), "401 1000");
    assert.equal(await outcomeOf("unknown", "GET /tokens/verify"), "401 1000");
  });

  test("Each verify endpoint accepts only tokens of its own kind", async () => {
    assert.equal(await outcomeOf("all", "GET /tokens/verify"), "200");
    assert.equal(await outcomeOf("all", "GET /user/tokens/verify"), "401 1000");
    assert.equal(await outcomeOf("personal", "GET /user/tokens/verify"), "200");
    assert.equal(await outcomeOf("personal", "GET /tokens/verify"), "401 1000");
    assert.equal((await send("all", "GET /tokens/verify")).result.status, "active");
  });

  test("A token that the account owns cannot list accounts", async () => {
    assert.equal(await outcomeOf("all", "GET /accounts"), "400 1001");
    assert.deepEqual((await send("personal", "GET /accounts")).result, [
      { id: account.accountId, name: "Local account" },
    ]);
  });

  test("A call without the permission of its family is a 403 with code 10000", async () => {
    const values = `/storage/kv/namespaces/${account.namespaceId}`;
    assert.equal(await outcomeOf("reader", `PUT ${values}/bulk`, []), "403 10000");
    assert.equal(await outcomeOf("reader", `POST ${values}/bulk/delete`, []), "403 10000");
    assert.equal(await outcomeOf("scripts-only", `GET ${values}/keys`), "403 10000");
    assert.equal(await outcomeOf("reader", "GET /workers/scripts"), "403 10000");
    assert.equal(await outcomeOf("scripts-only", "GET /workers/scripts"), "200");
    assert.equal(await outcomeOf("scripts-only", "GET /tokens/permission_groups"), "403 10000");
    const records = `/zones/${account.zoneIds[0]}/dns_records`;
    assert.equal(await outcomeOf("reader", `GET ${records}`), "200");
    assert.equal(await outcomeOf("reader", `POST ${records}/batch`, {}), "403 10000");
    assert.equal(await outcomeOf("scripts-only", `GET ${records}`), "403 10000");
  });

  test("A token for one zone lists only that zone, and gets code 9109 for another", async () => {
    const { result } = await send("one-zone", "GET /zones");
    assert.deepEqual(
      result.map(({ name }: { name: string }) => name),
      ["example.net"],
    );
    assert.deepEqual((await send("one-zone", "GET /zones?name=example.com")).result, []);
    assert.equal(await outcomeOf("one-zone", `GET /zones/${account.zoneIds[1]}/dns_records`), "200");
    assert.equal(await outcomeOf("one-zone", `GET /zones/${account.zoneIds[0]}/dns_records`), "403 9109");
  });

  test("A token without the permission Zone Read gets an empty list of zones", async () => {
    const { status, result } = await send("no-zone-read", "GET /zones");
    assert.deepEqual({ status, result }, { status: 200, result: [] });
  });

  test("Permission groups have ids by name, and Write in place of Edit", async () => {
    const { result } = await send("all", "GET /tokens/permission_groups");
    const names = result.map(({ name }: { name: string }) => name);
    for (const name of ["Workers KV Storage Write", "Workers Scripts Write", "Workers Routes Write", "DNS Write"])
      assert.ok(names.includes(name), name);
    const [group] = (await send("all", "GET /tokens/permission_groups?name=DNS%20Write")).result;
    assert.match(group.id, /^[0-9a-f]{32}$/);
    assert.deepEqual(group.scopes, ["com.cloudflare.api.account.zone"]);
  });

  test("A revoked token is unknown from the next call on", async () => {
    account.tokens.add({ value: "temporary" });
    assert.equal(await outcomeOf("temporary", "GET /tokens/verify"), "200");
    account.tokens.revoke("temporary");
    assert.equal(await outcomeOf("temporary", "GET /tokens/verify"), "401 1000");
  });
});
