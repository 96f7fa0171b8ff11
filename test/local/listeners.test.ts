import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { generate } from "selfsigned";
import { startLocalCloudflare } from "../../sync/local/local-cloudflare.ts";
import { generateCertificate } from "../../sync/local/network/certificates.ts";
import { listen } from "../../sync/net/listen.ts";
import {
  FETCH_WORKER_SCRIPT,
  type FetchWorker,
  listenDuringTest,
  startFetchWorker,
  writeWorkerScript,
} from "../support/worker/fetch-worker.ts";
import { sendRaw, sendRequest } from "../support/worker/http-requests.ts";

let worker: FetchWorker;

before(async () => {
  worker = await startFetchWorker();
});

after(() => worker.close());

/** Returns the request as the Worker received it. */
async function fetchReceivedRequest(headers: Record<string, string>, path?: string) {
  const { body } = await worker.send({ headers }, path);
  const { url, cf, headers: pairs } = JSON.parse(body) as { url: string; cf: object; headers: [string, string][] };
  return { url, cf, headers: Object.fromEntries(pairs) };
}

test("The local Cloudflare passes on the Worker's log lines", async () => {
  await fetchReceivedRequest({}, "/logged");
  assert.ok(worker.lines.includes("seen http://shop.example.com/logged"));
});

test("The edge sets X-Forwarded-Proto, extends X-Forwarded-For, and trusts the client's CF-Connecting-IP", async () => {
  const { headers, cf } = await fetchReceivedRequest({
    "X-Forwarded-Proto": "https",
    "CF-Connecting-IP": "198.51.100.1",
    "X-Forwarded-For": "192.0.2.1",
    "MF-CF-Blob": '{"colo":"XXX"}',
    "X-Cf-Blob": "{}",
  });
  assert.equal(headers["x-forwarded-proto"], "http");
  assert.equal(headers["cf-connecting-ip"], "198.51.100.1");
  assert.equal(headers["x-forwarded-for"], "192.0.2.1, 127.0.0.1");
  assert.equal(headers["cf-visitor"], '{"scheme":"http"}');
  assert.match(headers["cf-ray"] ?? "", /^[0-9a-f]{16}-DEV$/);
  assert.equal(headers["x-cf-blob"], undefined);
  assert.deepEqual(cf, { colo: "DEV", httpProtocol: "HTTP/1.1", tlsVersion: "", tlsCipher: "" });
});

test("A client without a valid CF-Connecting-IP has its own address", async () => {
  assert.equal((await fetchReceivedRequest({})).headers["cf-connecting-ip"], "127.0.0.1");
  const { headers } = await fetchReceivedRequest({ "CF-Connecting-IP": "nobody" });
  assert.equal(headers["cf-connecting-ip"], "127.0.0.1");
});

test("The Worker receives the request target in the client's spelling", async () => {
  const response = await sendRaw(
    worker,
    'GET /a/../b//%2e/{x|y}^"\\<>ü\xff?q=[`] HTTP/1.1\r\nHost: Shop.example.com\r\nConnection: close\r\n\r\n',
  );
  const { url } = JSON.parse(response.slice(response.indexOf("{"))) as { url: string };
  assert.equal(url, 'http://Shop.example.com/a/../b//%2e/{x|y}^"\\%3C%3E%FC%FF?q=[%60]');
});

test("The edge accepts a URL as request target, and HTTP/1.0 with a Host", async () => {
  const absolute = await sendRaw(
    worker,
    "GET http://a.example.com/x?y HTTP/1.1\r\nHost: b.example.com\r\nConnection: close\r\n\r\n",
  );
  assert.match(absolute, /"url":"http:\/\/a\.example\.com\/x\?y"/);
  const http10 = await sendRaw(worker, "GET /x HTTP/1.0\r\nHost: b.example.com\r\n\r\n");
  assert.match(http10, /"url":"http:\/\/b\.example\.com\/x"/);
  assert.match(await sendRaw(worker, "GET /x HTTP/1.0\r\n\r\n"), /^HTTP\/1\.1 400 /);
});

test("The error for a port in use is one line with the port", async (context) => {
  const { port } = await listenDuringTest(context, createServer());
  await assert.rejects(listen(createServer(), port), {
    message: `cannot listen on 127.0.0.1:${port}: the port is in use`,
  });
});

test("A TLS name has its own certificate, else its wildcard's, else a generated one", async () => {
  const pair = await generateCertificate("one");
  const other = await generateCertificate("other");
  worker.stack.setCertificates(
    new Map([
      ["shop.example.com", pair],
      ["*.example.com", await generateCertificate("wildcard")],
      ["**.example.org", await generateCertificate("deep")],
      ["broken.example.net", { key: other.key, cert: pair.cert }],
      ["garbage.example.net", { key: "", cert: "not a certificate" }],
    ]),
  );
  assert.equal(await fetchSubject("Shop.example.com"), "CN=one");
  assert.equal(await fetchSubject("www.example.com"), "CN=wildcard");
  assert.equal(await fetchSubject("a.b.example.com"), "CN=a.b.example.com");
  assert.equal(await fetchSubject("a.b.example.org"), "CN=deep");
  assert.equal(await fetchSubject("broken.example.net"), "CN=broken.example.net");
  assert.equal(await fetchSubject("garbage.example.net"), "CN=garbage.example.net");
  assert.equal(await fetchSubject(""), "CN=localhost");
});

async function fetchSubject(servername: string): Promise<string | undefined> {
  const port = Number(worker.stack.https.port);
  const socket = connectTls({ host: "127.0.0.1", port, servername, rejectUnauthorized: false });
  await once(socket, "secureConnect");
  const subject = socket.getPeerX509Certificate()?.subject;
  socket.destroy();
  return subject;
}

test("The Worker receives https and the client's certificate", async () => {
  const name = [{ name: "commonName", value: "client ü" }];
  const { private: key, cert } = await generate(name, { keyType: "ec", algorithm: "sha256" });
  const { body } = await sendRequest(worker, "https://shop.example.com/", { certificate: { key, cert } });
  const { url, cf } = JSON.parse(body) as {
    url: string;
    cf: { tlsVersion: string; tlsClientAuth: Record<string, string> };
  };
  assert.equal(url, "https://shop.example.com/");
  assert.equal(cf.tlsVersion, "TLSv1.3");
  const { certPresented, certVerified, certSubjectDN, certFingerprintSHA256 } = cf.tlsClientAuth;
  assert.deepEqual(
    { certPresented, certVerified, certSubjectDN },
    { certPresented: "1", certVerified: "FAILED:self signed certificate", certSubjectDN: "CN=client ü" },
  );
  assert.match(certFingerprintSHA256 ?? "", /^[0-9a-f]{64}$/);
});

/** Options of a local Cloudflare whose script is removed when the test ends. */
async function writeOptions(context: { after(remove: () => Promise<void>): void }, script: string) {
  const { worker, remove } = await writeWorkerScript(script);
  context.after(remove);
  return { httpPort: 0, httpsPort: 0, zones: ["."], worker, variables: {}, log: () => undefined };
}

test("A local Cloudflare closes within 3 s with a connection open, and its port is free again", async (context) => {
  const options = await writeOptions(context, FETCH_WORKER_SCRIPT);
  const { http, close } = await startLocalCloudflare(options);
  const socket = connect(Number(http.port), "127.0.0.1");
  await once(socket, "connect");
  socket.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
  socket.on("error", () => undefined);
  const startedAt = performance.now();
  await close();
  assert.ok(performance.now() - startedAt < 3000);
  const second = await startLocalCloudflare({ ...options, httpPort: Number(http.port) });
  await second.close();
});

test("A Durable Object of the Worker keeps its state, and the Worker has its variables", async (context) => {
  const options = await writeOptions(
    context,
    `import { DurableObject } from "cloudflare:workers";
    export class Counter extends DurableObject {
      count = 0;
      next() { return ++this.count; }
    }
    export default {
      fetch: async (_, env) => new Response(env.GREETING + " " + await env.COUNTERS.getByName("one").next()),
    };`,
  );
  const bindings = { variables: { GREETING: "hello" }, durableObjects: { COUNTERS: "Counter" } };
  const { http, close } = await startLocalCloudflare({ ...options, ...bindings });
  context.after(close);
  assert.equal(await (await fetch(http)).text(), "hello 1");
  assert.equal(await (await fetch(http)).text(), "hello 2");
});
