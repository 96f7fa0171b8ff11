import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { formatOutcome, withKvAccount } from "../../support/account/kv-account.ts";

describe("namespaces of Workers KV", () => {
  test("A namespace is created, listed, renamed and deleted with its keys", async () => {
    await withKvAccount({ namespaces: [] }, async ({ account, send, sendToNamespaces }) => {
      assert.deepEqual((await sendToNamespaces("GET ")).json.result, []);
      const { json } = await sendToNamespaces("POST ", { title: "rules" });
      assert.deepEqual(json.result, { id: account.namespaceId, title: "rules", supports_url_encoding: true });
      await send("PUT /values/a", "1");
      await sendToNamespaces(`PUT /${account.namespaceId}`, { title: "renamed" });
      assert.equal((await sendToNamespaces(`GET /${account.namespaceId}`)).json.result.title, "renamed");
      assert.equal(formatOutcome(await sendToNamespaces(`DELETE /${account.namespaceId}`)), "200");
      assert.equal(formatOutcome(await send("GET /values/a")), "404 10013");
      await sendToNamespaces("POST ", { title: "rules" });
      assert.deepEqual((await send("GET /keys")).json.result, []);
    });
  });

  test("Two namespaces do not share keys", async () => {
    await withKvAccount({}, async ({ send, sendToNamespaces }) => {
      const { id } = (await sendToNamespaces("POST ", { title: "second" })).json.result;
      await send("PUT /values/a", "1");
      assert.equal(formatOutcome(await sendToNamespaces(`GET /${id}/values/a`)), "404 10009");
    });
  });

  test("A title is required, has up to 512 characters, and is unique", async () => {
    await withKvAccount({}, async ({ sendToNamespaces }) => {
      const create = async (body: object) => formatOutcome(await sendToNamespaces("POST ", body));
      assert.equal(await create({}), "400 10019");
      assert.equal(await create({ title: "" }), "400 10019");
      assert.equal(await create({ title: "t".repeat(513) }), "400 10012");
      assert.equal(await create({ title: "a", jurisdiction: "moon" }), "400 10012");
      assert.equal(await create({ title: "edgress" }), "400 10014");
      assert.equal(await create({ title: "edgress-staging" }), "200");
    });
  });

  test("A list of namespaces has pages", async () => {
    await withKvAccount({ namespaces: ["a", "b", "c"] }, async ({ sendToNamespaces }) => {
      const { result, result_info } = (await sendToNamespaces("GET ?per_page=2&page=2")).json;
      assert.deepEqual(
        result.map(({ title }: { title: string }) => title),
        ["c"],
      );
      assert.deepEqual(result_info, { page: 2, per_page: 2, count: 1, total_count: 3, total_pages: 2 });
    });
  });

  test("An unknown namespace is a 404 with code 10013, and an invalid id a 400 with code 7003", async () => {
    await withKvAccount({}, async ({ sendToNamespaces }) => {
      const unknown = "0".repeat(32);
      for (const line of [`GET /${unknown}`, `GET /${unknown}/keys`, `DELETE /${unknown}`, `PUT /${unknown}/bulk`])
        assert.equal(formatOutcome(await sendToNamespaces(line)), "404 10013", line);
      assert.equal(formatOutcome(await sendToNamespaces("GET /rules/keys")), "400 7003");
    });
  });

  test("An empty id is a 405", async () => {
    await withKvAccount({}, async ({ send, sendToNamespaces }) => {
      assert.equal(formatOutcome(await sendToNamespaces("DELETE /")), "405 10405");
      assert.equal(formatOutcome(await send("DELETE /values/")), "405 10405");
    });
  });
});
