import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { type LocalAccount, startAccount } from "../../sync/local/account/account.ts";

let account: LocalAccount;

before(async () => {
  const storage = () => {
    throw new Error("no storage");
  };
  account = await startAccount({ zones: ["example.com"], storage });
});

after(() => account.close());

/** Sends bytes to the API, and returns the status of the response. */
async function sendBytes(bytes: string): Promise<number> {
  const socket = connect(Number(new URL(account.baseURL).port), "127.0.0.1");
  socket.end(bytes);
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(await text(socket))?.[1]);
}

const AUTHORIZATION = "Authorization: Bearer local-token\r\n";

test("A call with a path that is no URL, or with a broken escape, is a 400", async () => {
  for (const path of ["//", "//[", "/client/v4/zones/%zz", "http://[/"]) {
    const status = await sendBytes(`GET ${path} HTTP/1.1\r\nHost: a\r\n${AUTHORIZATION}Connection: close\r\n\r\n`);
    assert.equal(status, 400, path);
  }
});

test("A call with a body that is no JSON is a 400", async () => {
  const path = `/client/v4/accounts/${account.accountId}/storage/kv/namespaces/${account.namespaceId}/bulk`;
  const status = await sendBytes(
    `PUT ${path} HTTP/1.1\r\nHost: a\r\n${AUTHORIZATION}Connection: close\r\nContent-Length: 1\r\n\r\n{`,
  );
  assert.equal(status, 400);
});

test("The account survives a call that breaks off", async () => {
  const socket = connect(Number(new URL(account.baseURL).port), "127.0.0.1");
  await once(socket, "connect");
  socket.write(`PUT /client/v4/x HTTP/1.1\r\nHost: a\r\n${AUTHORIZATION}Content-Length: 10\r\n\r\nhalf`, () =>
    socket.resetAndDestroy(),
  );
  await once(socket, "close");
  assert.equal(
    await sendBytes(`GET /client/v4/zones HTTP/1.1\r\nHost: a\r\n${AUTHORIZATION}Connection: close\r\n\r\n`),
    200,
  );
});
