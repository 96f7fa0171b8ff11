import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { type LocalCloudflare, startLocalCloudflare } from "../../sync/local/local-cloudflare.ts";
import { buildUpload, callAccount } from "../support/account/call-account.ts";
import { listenDuringTest, writeWorkerScript } from "../support/worker/fetch-worker.ts";
import { sendRequest } from "../support/worker/http-requests.ts";

let local: LocalCloudflare;
let records: string;
let routes: string;
let removeScript: () => Promise<void>;

before(async () => {
  const { worker, remove } = await writeWorkerScript(
    'export default { fetch: (request) => new Response("worker " + request.url) };',
  );
  removeScript = remove;
  const listeners = { httpPort: 0, httpsPort: 0, log: () => undefined };
  const options = { ...listeners, zones: ["example.com"], worker, variables: {}, loopbackOnly: true };
  local = await startLocalCloudflare({ ...options, routedScript: "edgress", account: { plan: "free" } });
  records = `/zones/${local.account.zoneIds[0]}/dns_records`;
  routes = `/zones/${local.account.zoneIds[0]}/workers/routes`;
});
after(async () => {
  await local.close();
  await removeScript();
});

const call = (line: string, body?: object) => callAccount(local.account, line, body);
const send = async (url: string) => {
  const { status, body } = await sendRequest({ stack: local }, url);
  return `${status} ${body.trim()}`;
};

test("A host answers over http and https as soon as it has a proxied record and a route", async () => {
  assert.equal(await send("http://shop.example.com/"), "409 error code: 1001");
  const record = { type: "AAAA", name: "shop", content: "100::", proxied: true };
  assert.equal((await call(`POST ${records}`, record)).status, 200);
  assert.equal(await send("https://shop.example.com/"), "522 error code: 522");
  const { id } = (await call(`POST ${routes}`, { pattern: "shop.example.com/*", script: "edgress" })).result;
  assert.equal(await send("http://shop.example.com/a"), "200 worker http://shop.example.com/a");
  assert.equal(await send("https://shop.example.com/a"), "200 worker https://shop.example.com/a");
  await call("PATCH /dns_settings", { enforce_dns_only: true });
  assert.equal(await send("http://shop.example.com/"), "409 error code: 1001");
  await call("PATCH /dns_settings", { enforce_dns_only: false });
  await call(`DELETE ${routes}/${id}`);
  assert.equal(await send("http://shop.example.com/"), "522 error code: 522");
});

test("A proxied host without a route answers from the address of its record, without headers for the Worker", async (context) => {
  const origin = await listenDuringTest(
    context,
    createServer((request, response) =>
      response.end(`origin ${request.headers.host} ${request.headers["mf-cf-blob"]}`),
    ),
  );
  local.forward("203.0.113.10:80", `127.0.0.1:${origin.port}`);
  await call(`POST ${records}`, { type: "A", name: "old", content: "203.0.113.10", proxied: true });
  assert.equal(await send("http://old.example.com/"), "200 origin old.example.com undefined");
});

test("A host whose route names another Worker does not run the edge's Worker", async () => {
  await call("PUT /workers/scripts/theirs", buildUpload('export default { fetch: () => new Response("") };'));
  await call(`POST ${records}`, { type: "AAAA", name: "theirs", content: "100::", proxied: true });
  await call(`POST ${routes}`, { pattern: "*.example.com/*", script: "edgress" });
  await call(`POST ${routes}`, { pattern: "theirs.example.com/*", script: "theirs" });
  assert.equal(await send("http://theirs.example.com/"), "501 Worker theirs does not run on this machine");
});

test("Without routedScript, every host runs the Worker", async (context) => {
  const { worker, remove } = await writeWorkerScript('export default { fetch: () => new Response("worker") };');
  context.after(remove);
  const options = { httpPort: 0, httpsPort: 0, zones: ["."], worker, variables: {}, log: () => undefined };
  const stack = await startLocalCloudflare(options);
  context.after(stack.close);
  const { body } = await sendRequest({ stack }, "http://any.example.org/");
  assert.equal(body, "worker");
});
