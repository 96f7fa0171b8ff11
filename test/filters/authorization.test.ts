import assert from "node:assert/strict";
import { test } from "node:test";
import { authorization } from "../../src/filters/authorization/authorization.ts";
import { ANN_HEADERS, EXTERNAL_AUTH, SHOP_URL } from "../support/worker/authorization-samples.ts";
import { EMPTY_HOST_CONTEXT, runFilter, stubExchange } from "../support/worker/sample-exchanges.ts";

const BASIC = { realm: "", users: "sealed" };
const OPEN_SECRET = { decrypt: async () => "ann:{PLAIN}s3cret\n" };

test("authorization without a method of authorization denies every client", async () => {
  for (const any of [true, false]) {
    const filter = authorization({ any }, EMPTY_HOST_CONTEXT);
    const { result, forwarded } = await runFilter(filter, stubExchange(SHOP_URL, ANN_HEADERS));
    assert.deepEqual([result.response.status, result.outcome, forwarded], [503, "failed-closed", undefined]);
  }
});

test("authorization denies every client if the Secret cannot be decrypted, whether any or all methods must allow", async () => {
  for (const any of [true, false]) {
    const sourceRange = { allow: ["192.0.2.0/24"] };
    const filter = authorization({ any, sourceRange, basic: BASIC, external: EXTERNAL_AUTH }, EMPTY_HOST_CONTEXT);
    const headers = { ...ANN_HEADERS, "CF-Connecting-IP": any ? "198.51.100.1" : "192.0.2.1" };
    const { result, forwarded } = await runFilter(filter, stubExchange(SHOP_URL, headers));
    assert.deepEqual([result.response.status, result.outcome, forwarded], [503, "failed-closed", undefined]);
    assert.match(result.reason ?? "", /cannot be decrypted/);
  }
});

test("authorization denies a client of unknown address, with an allow-list and with a deny-list", async () => {
  for (const sourceRange of [{ allow: ["0.0.0.0/0", "::/0"] }, { deny: ["192.0.2.1"] }]) {
    const filter = authorization({ any: false, sourceRange }, EMPTY_HOST_CONTEXT);
    const { result } = await runFilter(filter, stubExchange(SHOP_URL, {}));
    assert.equal(result.response.status, 403);
    assert.equal(result.outcome, "denied");
  }
});

test("authorization never forwards a password, even if another method allowed the client", async () => {
  const filter = authorization(
    { any: true, sourceRange: { allow: ["192.0.2.1"] }, basic: BASIC, external: EXTERNAL_AUTH },
    EMPTY_HOST_CONTEXT,
  );
  const headers = { ...ANN_HEADERS, "X-User": "root", "CF-Connecting-IP": "192.0.2.1" };
  const { forwarded } = await runFilter(filter, stubExchange(SHOP_URL, headers, OPEN_SECRET));
  assert.ok(forwarded);
  assert.deepEqual(
    forwarded.originHeaders.map(([name, value]) => [name, value]),
    [
      ["Authorization", undefined],
      ["X-User", undefined],
    ],
  );
});

test("authorization requests a password if several methods deny and one of them is Basic authentication", async () => {
  const settings = { any: true, sourceRange: { deny: ["192.0.2.1"] }, external: EXTERNAL_AUTH };
  const fetch = async () => new Response(null, { status: 403 });
  const exchange = stubExchange(SHOP_URL, { "CF-Connecting-IP": "192.0.2.1" }, { ...OPEN_SECRET, fetch });
  const { result } = await runFilter(authorization({ ...settings, basic: BASIC }, EMPTY_HOST_CONTEXT), exchange);
  assert.equal(result.response.status, 401);
  assert.equal(result.response.headers.get("WWW-Authenticate"), 'Basic realm=""');
  const withoutBasic = await runFilter(authorization(settings, EMPTY_HOST_CONTEXT), exchange);
  assert.equal(withoutBasic.result.response.status, 403);
});
