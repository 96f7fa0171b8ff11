import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, request as requestHttp, type ServerResponse } from "node:http";
import { createServer as createTlsServer, request as requestHttps } from "node:https";
import { connect, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { connect as connectTls } from "node:tls";
import Cloudflare from "cloudflare";
import { generate } from "selfsigned";
import { WebSocket } from "ws";
import { createDns } from "../../sync/cloudflare/dns.ts";
import { startEchoServers } from "../../sync/local/echo/echo.ts";
import { type LocalCloudflare, startLocalCloudflare } from "../../sync/local/local-cloudflare.ts";
import { generateCertificate } from "../../sync/local/network/certificates.ts";
import { startOutboundProxy } from "../../sync/local/network/outbound-proxy.ts";
import { resolveOrigin } from "../../sync/local/network/resolve-override.ts";
import { type ListeningServer, listen } from "../../sync/net/listen.ts";

// Fetches what X-Fetch says, as X-Override says; without it the answer is what the Worker itself sees.
const WORKER = `
export default {
  async fetch(request) {
    const url = request.headers.get("x-fetch");
    if (!url) {
      console.log("seen " + request.url);
      return Response.json({ url: request.url, headers: [...request.headers], cf: request.cf });
    }
    const headers = new Headers(request.headers);
    headers.set("Host", "tried.example.org");
    const { method, body } = request;
    const cf = { resolveOverride: request.headers.get("x-override") ?? undefined };
    return await fetch(url, { method, headers, body, redirect: "manual", cf });
  },
};`;

const ZONES = ["example.com", "example.net", "deep.example.com"];
const cleanups: (() => Promise<unknown>)[] = [];
const lines: string[] = [];
let stack: LocalCloudflare;
let respond: (request: IncomingMessage, response: ServerResponse) => void;

before(async () => {
  const folder = await mkdtemp(join(tmpdir(), "edgress-local-"));
  cleanups.push(() => rm(folder, { recursive: true }));
  const worker = join(folder, "worker.js");
  await writeFile(worker, WORKER);
  const log = (line: string) => lines.push(line);
  stack = await startLocalCloudflare({
    httpPort: 0,
    httpsPort: 0,
    zones: ZONES,
    worker,
    variables: {},
    log,
    loopbackOnly: true,
  });
  cleanups.push(stack.close);
  const origin = await startListener(createServer((request, response) => respond(request, response)));
  stack.forward("203.0.113.10:80", `127.0.0.1:${origin.port}`);
  stack.forward("203.0.113.10:8080", `127.0.0.1:${origin.port}`);
  await addRecords();
});

after(async () => {
  for (const close of cleanups.reverse()) await close();
});

async function addRecords(): Promise<void> {
  const { account } = stack;
  const client = new Cloudflare({ apiToken: account.token, baseURL: account.baseURL });
  const dns = createDns(client, account.accountId);
  const zones = new Map((await dns.listZones()).map((zone) => [zone.name, zone]));
  const record = (zone: string, label: string, content: string) => {
    const there = zones.get(zone);
    assert.ok(there);
    return dns.applyChange(there, { add: [{ type: "A", name: `${label}.${zone}`, content }], remove: [] });
  };
  await record("example.com", "edgress-1", "203.0.113.10");
  await record("example.com", "closed", "203.0.113.20");
  await record("example.com", "far", "203.0.113.30");
  await record("example.com", "mute", "203.0.113.40");
  await record("example.com", "secure", "203.0.113.50");
  await record("example.net", "edgress-1", "203.0.113.10");
  await record("example.net", "www", "203.0.113.20");
  const zone_id = zones.get("example.com")?.id ?? "";
  const posts = [{ type: "A" as const, name: "grey.example.com", content: "203.0.113.10", ttl: 1 as const }];
  await client.dns.records.batch({ zone_id, posts });
}

async function startListener(server: Parameters<typeof listen>[0]): Promise<ListeningServer> {
  const made = await listen(server, 0);
  cleanups.push(made.close);
  return made;
}

type RawReply = { status: number | undefined; rawHeaders: string[]; body: string };

async function sendShopRequest(headers: Record<string, string>, path = "/", method = "GET"): Promise<RawReply> {
  const { port } = stack.http;
  const sent = requestHttp({
    host: "127.0.0.1",
    port,
    path,
    method,
    headers: { Host: "shop.example.com", ...headers },
  });
  sent.end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  return { status: response.statusCode, rawHeaders: response.rawHeaders, body: await text(response) };
}

async function fetchStatusAndBody(url: string, override?: string): Promise<string> {
  const { status, body } = await sendShopRequest({
    "X-Fetch": url,
    ...(override !== undefined && { "X-Override": override }),
  });
  return `${status} ${body}`;
}

async function fetchSeenRequest(headers: Record<string, string>, path?: string) {
  const { body } = await sendShopRequest(headers, path);
  const { url, cf, ...rest } = JSON.parse(body) as { url: string; cf: object; headers: [string, string][] };
  return { url, cf, headers: Object.fromEntries(rest.headers) };
}

/** Writes `bytes` as they are and reads until the connection ends. */
async function sendRawBytes(bytes: string): Promise<string> {
  const socket = connect(Number(stack.http.port), "127.0.0.1");
  socket.write(Buffer.from(bytes, "latin1"));
  return await text(socket);
}

describe("the internet behind the Worker", () => {
  test("an IP address is refused, even with an override", async () => {
    respond = (_, response) => response.end("reached");
    assert.equal(await fetchStatusAndBody("http://203.0.113.10/"), "403 error code: 1003");
    assert.equal(await fetchStatusAndBody("http://[2001:db8::1]/", "edgress-1.example.com"), "403 error code: 1003");
  });

  test("an override reaches the address of a proxied record in the same zone", async () => {
    assert.equal(await fetchStatusAndBody("http://shop.example.com/", "EDGRESS-1.example.com"), "200 reached");
  });

  test("an override that names nothing is ignored, and so the name is not found", async () => {
    assert.equal(await fetchStatusAndBody("http://shop.example.com/", "edgress-2.example.com"), "530 error code: 1016");
    assert.equal(await fetchStatusAndBody("http://shop.example.com/"), "530 error code: 1016");
  });

  test("an override that is not proxied is ignored", async () => {
    assert.equal(await fetchStatusAndBody("http://shop.example.com/", "grey.example.com"), "530 error code: 1016");
  });

  test("an override in another zone is ignored, and the name's own record decides", async () => {
    assert.equal(await fetchStatusAndBody("http://shop.example.com/", "edgress-1.example.net"), "530 error code: 1016");
    assert.equal(await fetchStatusAndBody("http://edgress-1.example.com/", "www.example.net"), "200 reached");
    assert.equal(
      await fetchStatusAndBody("http://a.deep.example.com/", "edgress-1.example.com"),
      "530 error code: 1016",
    );
  });

  test("a port that Cloudflare does not proxy is refused", async () => {
    assert.equal(await fetchStatusAndBody("http://shop.example.com:8080/", "edgress-1.example.com"), "200 reached");
    assert.equal(
      await fetchStatusAndBody("http://shop.example.com:3000/", "edgress-1.example.com"),
      "521 error code: 521",
    );
    assert.equal(
      await fetchStatusAndBody("https://shop.example.com:80/", "edgress-1.example.com"),
      "521 error code: 521",
    );
  });

  test("an origin that refuses the connection is 521, one that cannot be reached 522", async () => {
    const gone = await listen(createServer(), 0);
    await gone.close();
    stack.forward("203.0.113.20:80", `127.0.0.1:${gone.port}`);
    assert.equal(await fetchStatusAndBody("http://shop.example.com/", "closed.example.com"), "521 error code: 521");
    assert.equal(await fetchStatusAndBody("http://shop.example.com/", "far.example.com"), "522 error code: 522");
  });

  test("an origin that hangs up without an answer is 520, one that speaks no TLS 525", async () => {
    const mute = await startListener(createTcpServer((socket) => socket.once("data", () => socket.destroy())));
    stack.forward("203.0.113.40:80", `127.0.0.1:${mute.port}`);
    stack.forward("203.0.113.40:443", `127.0.0.1:${mute.port}`);
    assert.equal(await fetchStatusAndBody("http://shop.example.com/", "mute.example.com"), "520 error code: 520");
    assert.equal(await fetchStatusAndBody("https://shop.example.com/", "mute.example.com"), "525 error code: 525");
  });

  test("an origin that is silent in the handshake is given up", async () => {
    const silent = await startListener(createTcpServer((socket) => socket.on("error", () => undefined).resume()));
    const dnsZones = { zones: ["."], records: () => [{ type: "A", name: "a", content: "203.0.113.1", proxied: true }] };
    const internet = await startOutboundProxy({ dnsZones, loopbackOnly: true, connectTimeoutMs: 50 });
    cleanups.push(internet.close);
    internet.forward("203.0.113.1:443", `127.0.0.1:${silent.port}`);
    const sent = requestHttp({ host: "127.0.0.1", port: internet.port, path: "https://a/" }).end();
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    assert.equal(`${response.statusCode} ${await text(response)}`, "525 error code: 525");
  });

  test("an origin's certificate is not verified, and it is asked for by the URL's host", async () => {
    const server = createTlsServer(await generateCertificate("other.example.org"), (request, response) =>
      response.end(`${(request.socket as unknown as { servername: string }).servername} ${request.headers.host}`),
    );
    const { port } = await startListener(server);
    stack.forward("203.0.113.50:8443", `127.0.0.1:${port}`);
    const answered = await fetchStatusAndBody("https://shop.example.com:8443/", "secure.example.com");
    assert.equal(answered, "200 shop.example.com shop.example.com:8443");
  });

  test("the origin sees the URL's Host and the path as it is; several Set-Cookie stay several", async () => {
    respond = (request, response) => {
      response.writeHead(404, "Nothing Here", ["Set-Cookie", "a=1", "Set-Cookie", "b=2", "Connection", "keep-alive"]);
      response.end(`${request.headers.host} ${request.url}`);
    };
    const url = "http://shop.example.com/a//b%2Fc/%7Ed;e?x=%20&y";
    const { status, rawHeaders, body } = await sendShopRequest({
      "X-Fetch": url,
      "X-Override": "edgress-1.example.com",
    });
    assert.equal(status, 404);
    assert.equal(body, "shop.example.com /a//b%2Fc/%7Ed;e?x=%20&y");
    const cookies = rawHeaders.filter((_, i) => rawHeaders[i - 1]?.toLowerCase() === "set-cookie");
    assert.deepEqual(cookies, ["a=1", "b=2"]);
    assert.equal(
      await fetchStatusAndBody("http://shop.example.com:8080/", "edgress-1.example.com"),
      "404 shop.example.com:8080 /",
    );
  });

  test("HEAD, 204 and 304 have no body, and a 103 of the origin goes no further", async () => {
    const headers = { "X-Fetch": "http://shop.example.com/", "X-Override": "edgress-1.example.com" };
    respond = (_, response) => response.writeHead(200, { "Content-Length": 5 }).end();
    const head = await sendShopRequest(headers, "/", "HEAD");
    assert.deepEqual([head.status, head.body], [200, ""]);
    for (const status of [204, 304]) {
      respond = (_, response) => response.writeHead(status, { ETag: '"1"' }).end();
      const empty = await sendShopRequest(headers);
      assert.deepEqual([empty.status, empty.body], [status, ""]);
    }
    respond = (_, response) => response.writeEarlyHints({ link: "</a>; rel=preload" }, () => response.end("final"));
    assert.equal(await fetchStatusAndBody("http://shop.example.com/", "edgress-1.example.com"), "200 final");
  });

  test("a POST without a body stays without one", async () => {
    respond = (request, response) => response.end(JSON.stringify(request.headers["transfer-encoding"] ?? "none"));
    const headers = {
      "X-Fetch": "http://shop.example.com/",
      "X-Override": "edgress-1.example.com",
      "Content-Length": "0",
    };
    assert.equal((await sendShopRequest(headers, "/", "POST")).body, '"none"');
  });
});

/** The most memory that each workerd started here has had, in MB. Linux tells; elsewhere there are none. */
async function readWorkerdPeaks(): Promise<number[]> {
  const processes = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));
  const statuses = await Promise.all(processes.map((id) => readFile(`/proc/${id}/status`, "utf8").catch(() => "")));
  return statuses
    .filter((status) => /^Name:\s*workerd$/m.test(status) && status.includes(`PPid:\t${process.pid}\n`))
    .map((status) => Number(/^VmHWM:\s*(\d+)/m.exec(status)?.[1] ?? 0) / 1000);
}

test("in the root zone every domain finds a record by its bare label", () => {
  const proxied = { type: "A", name: "edgress-1", content: "203.0.113.10", proxied: true };
  const names = { zones: [".", "example.com"], records: (zone: string) => (zone === "." ? [proxied] : []) };
  const found = { address: "203.0.113.10", port: 443 };
  assert.deepEqual(resolveOrigin(new URL("https://a.b.example.org/"), "edgress-1", names), found);
  assert.deepEqual(resolveOrigin(new URL("https://myexample.com/"), "edgress-1", names), found);
  assert.deepEqual(resolveOrigin(new URL("https://a.example.com/"), "edgress-1", names), { status: 530, error: 1016 });
});

describe("streams", () => {
  const onward = {
    Host: "shop.example.com",
    "X-Fetch": "http://shop.example.com/",
    "X-Override": "edgress-1.example.com",
  };

  test("an event arrives before the response ends, and a client that leaves ends the origin's request", async () => {
    let origin: ServerResponse | undefined;
    respond = (_, response) => {
      origin = response;
      response.writeHead(200, { "Content-Type": "text/event-stream" }).write("data: first\n\n");
    };
    const sent = requestHttp({ host: "127.0.0.1", port: stack.http.port, headers: onward }).end();
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    const [chunk] = (await once(response, "data")) as [Buffer];
    assert.equal(chunk.toString(), "data: first\n\n");
    assert.ok(origin);
    assert.equal(origin.writableEnded, false);
    const left = once(origin, "close");
    response.on("error", () => undefined);
    sent.destroy();
    await left;
  });

  test("a client that leaves while the origin is still silent ends the origin's request", async () => {
    const arrived = new Promise<ServerResponse>((done) => {
      respond = (_, response) => done(response);
    });
    const sent = requestHttp({ host: "127.0.0.1", port: stack.http.port, headers: onward }).end();
    sent.on("error", () => undefined);
    const left = once(await arrived, "close");
    sent.destroy();
    await left;
  });

  test("a hundred megabytes pass in both directions, and are never held", async () => {
    respond = (request, response) => request.pipe(response);
    const headers = { ...onward, "Transfer-Encoding": "chunked" };
    const sent = requestHttp({ host: "127.0.0.1", port: stack.http.port, method: "POST", headers });
    const written = (async () => {
      for (let i = 0; i < 100; i++) if (!sent.write(Buffer.alloc(1_000_000, "x"))) await once(sent, "drain");
      sent.end();
    })();
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    let received = 0;
    for await (const chunk of response) received += (chunk as Buffer).length;
    await written;
    assert.equal(received, 100_000_000);
    for (const megabytes of await readWorkerdPeaks()) assert.ok(megabytes < 200, `workerd took ${megabytes} MB`);
  });

  test("an answer that breaks off breaks off for the client too", async () => {
    respond = (_, response) => {
      response.writeHead(200, { "Content-Length": 100 });
      response.write("half", () => response.destroy());
    };
    const sent = requestHttp({ host: "127.0.0.1", port: stack.http.port, headers: onward }).end();
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    await assert.rejects(text(response), { code: "ECONNRESET" });
  });

  test("a WebSocket goes through", async () => {
    const [echo] = await startEchoServers(["shop/chat:80"]);
    assert.ok(echo);
    cleanups.push(echo.close);
    stack.forward("203.0.113.30:80", echo.address);
    const headers = { ...onward, "X-Override": "far.example.com" };
    const socket = new WebSocket(`ws://127.0.0.1:${stack.http.port}/`, { headers });
    await once(socket, "open");
    socket.send("hello");
    const [message] = (await once(socket, "message")) as [Buffer];
    assert.equal(message.toString(), "hello");
    socket.close(1000);
    await once(socket, "close");
  });

  test("a WebSocket that the origin does not accept gets the origin's answer", async () => {
    respond = (_, response) => response.writeHead(401).end("no");
    const socket = new WebSocket(`ws://127.0.0.1:${stack.http.port}/`, { headers: onward });
    const [, response] = (await once(socket, "unexpected-response")) as [unknown, IncomingMessage];
    assert.equal(`${response.statusCode} ${await text(response)}`, "401 no");
  });
});

describe("the edge's listeners", () => {
  test("the Worker logs through the stack", async () => {
    await fetchSeenRequest({}, "/logged");
    assert.ok(lines.includes("seen http://shop.example.com/logged"));
  });

  test("X-Forwarded-Proto is the edge's, CF-Connecting-IP the client's word, and X-Forwarded-For goes on", async () => {
    const { headers, cf } = await fetchSeenRequest({
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

  test("a client that does not say who it is has its own address", async () => {
    assert.equal((await fetchSeenRequest({})).headers["cf-connecting-ip"], "127.0.0.1");
    assert.equal((await fetchSeenRequest({ "CF-Connecting-IP": "nobody" })).headers["cf-connecting-ip"], "127.0.0.1");
  });

  test("the Worker sees the request target as the client wrote it", async () => {
    const answered = await sendRawBytes(
      'GET /a/../b//%2e/{x|y}^"\\<>ü\xff?q=[`] HTTP/1.1\r\nHost: Shop.example.com\r\nConnection: close\r\n\r\n',
    );
    const { url } = JSON.parse(answered.slice(answered.indexOf("{"))) as { url: string };
    assert.equal(url, 'http://Shop.example.com/a/../b//%2e/{x|y}^"\\%3C%3E%FC%FF?q=[%60]');
  });

  test("a whole URL as request target and HTTP/1.0 are understood", async () => {
    const absolute = await sendRawBytes(
      "GET http://a.example.com/x?y HTTP/1.1\r\nHost: b.example.com\r\nConnection: close\r\n\r\n",
    );
    assert.match(absolute, /"url":"http:\/\/a\.example\.com\/x\?y"/);
    const old = await sendRawBytes("GET /x HTTP/1.0\r\nHost: b.example.com\r\n\r\n");
    assert.match(old, /"url":"http:\/\/b\.example\.com\/x"/);
    assert.match(await sendRawBytes("GET /x HTTP/1.0\r\n\r\n"), /^HTTP\/1\.1 400 /);
  });

  test("a port that is in use is said in one line", async () => {
    const taken = await startListener(createServer());
    await assert.rejects(listen(createServer(), taken.port), {
      message: `cannot listen on 127.0.0.1:${taken.port}: the port is in use`,
    });
  });
});

describe("TLS", () => {
  const subjectFor = async (servername: string) => {
    const socket = connectTls({
      host: "127.0.0.1",
      port: Number(stack.https.port),
      servername,
      rejectUnauthorized: false,
    });
    await once(socket, "secureConnect");
    const subject = socket.getPeerX509Certificate()?.subject;
    socket.destroy();
    return subject;
  };

  test("a name is answered with its own certificate, then its wildcard's, then one made for it", async () => {
    const pair = await generateCertificate("one");
    const other = await generateCertificate("other");
    stack.setCertificates(
      new Map([
        ["shop.example.com", pair],
        ["*.example.com", await generateCertificate("wildcard")],
        ["broken.example.net", { key: other.key, cert: pair.cert }],
        ["garbage.example.net", { key: "", cert: "not a certificate" }],
      ]),
    );
    assert.equal(await subjectFor("Shop.example.com"), "CN=one");
    assert.equal(await subjectFor("www.example.com"), "CN=wildcard");
    assert.equal(await subjectFor("a.b.example.com"), "CN=a.b.example.com");
    assert.equal(await subjectFor("broken.example.net"), "CN=broken.example.net");
    assert.equal(await subjectFor("garbage.example.net"), "CN=garbage.example.net");
    assert.equal(await subjectFor(""), "CN=localhost");
  });

  test("the Worker sees https and the client's certificate", async () => {
    const name = [{ name: "commonName", value: "client ü" }];
    const { private: key, cert } = await generate(name, { keyType: "ec", algorithm: "sha256" });
    const { port } = stack.https;
    const options = { host: "127.0.0.1", port, key, cert, rejectUnauthorized: false, servername: "shop.example.com" };
    const sent = requestHttps({ ...options, headers: { Host: "shop.example.com" } }).end();
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    const { url, cf } = JSON.parse(await text(response)) as {
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
});

test("a stack closes in time with a connection open, and its port is free again", async () => {
  const folder = await mkdtemp(join(tmpdir(), "edgress-close-"));
  cleanups.push(() => rm(folder, { recursive: true }));
  const worker = join(folder, "worker.js");
  await writeFile(worker, WORKER);
  const options = { httpPort: 0, httpsPort: 0, zones: ["."], worker, variables: {}, log: () => undefined };
  const short = await startLocalCloudflare(options);
  const socket = connect(Number(short.http.port), "127.0.0.1");
  await once(socket, "connect");
  socket.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
  socket.on("error", () => undefined);
  const started = performance.now();
  await short.close();
  assert.ok(performance.now() - started < 3000);
  const again = await startLocalCloudflare({ ...options, httpPort: Number(short.http.port) });
  await again.close();
});

test("a Durable Object of the Worker keeps its state, and variables are there", async () => {
  const folder = await mkdtemp(join(tmpdir(), "edgress-objects-"));
  cleanups.push(() => rm(folder, { recursive: true }));
  const worker = join(folder, "worker.js");
  await writeFile(
    worker,
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
  const counting = await startLocalCloudflare({
    httpPort: 0,
    httpsPort: 0,
    zones: ["."],
    worker,
    log: () => undefined,
    ...bindings,
  });
  cleanups.push(counting.close);
  assert.equal(await (await fetch(counting.http)).text(), "hello 1");
  assert.equal(await (await fetch(counting.http)).text(), "hello 2");
});
