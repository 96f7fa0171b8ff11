import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { connect, createServer as createTcpServer, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { WebSocket, WebSocketServer } from "ws";
import { listen } from "../../sync/net/listen.ts";
import {
  buildIngressManifest,
  buildServiceManifest,
  findHeaderValues,
  sendRaw,
  sendRequest,
  startRequest,
  startWorkerHarness,
  type WorkerHarness,
} from "../support/worker-harness.ts";

const ORIGIN_TIMEOUT_MS = 400;

const cleanups: (() => Promise<unknown>)[] = [];
let edge: WorkerHarness;
let respond: (request: IncomingMessage, response: ServerResponse) => void;
let respondRaw: (socket: Socket, head: string) => void;

before(async () => {
  edge = await startWorkerHarness({ variables: { ORIGIN_TIMEOUT_MS: String(ORIGIN_TIMEOUT_MS) } });
  cleanups.push(edge.close);
  await edge.startOrigin("203.0.113.10:80", (request, response) => respond(request, response));
  await edge.startOrigin("203.0.113.10:8080", (request, response) => respond(request, response));
  await edge.startOrigin("203.0.113.21:80", (_, response) => response.end("first"));
  await edge.startOrigin("203.0.113.22:80", (_, response) => response.end("second"));
  await edge.startOrigin("203.0.113.23:80", (_, response) => response.end("third"));
  const wired = createTcpServer((socket) => {
    socket.on("error", () => undefined);
    let head = "";
    socket.setEncoding("latin1").on("data", (part) => {
      head += part;
      if (head.includes("\r\n\r\n")) respondRaw(socket, head.slice(0, head.indexOf("\r\n\r\n")));
    });
  });
  const { port, close } = await listen(wired, 0);
  cleanups.push(close);
  edge.stack.forward("203.0.113.30:80", `127.0.0.1:${port}`);
  const refusing = await listen(createServer(), 0);
  await refusing.close();
  edge.stack.forward("203.0.113.40:80", `127.0.0.1:${refusing.port}`);
  await edge.publish([
    buildIngressManifest("shop", "shop.example.com", { "/": "web", "/port": "web-8080:8080" }),
    buildIngressManifest("three", "three.example.com", { "/": "three" }),
    buildIngressManifest("wire", "wire.example.com", { "/": "wire" }),
    buildIngressManifest("refusing", "refusing.example.com", { "/": "refusing" }),
    buildIngressManifest("far", "far.example.com", { "/": "far" }),
    buildIngressManifest("any", undefined, { "/": "web" }),
    buildServiceManifest("web", ["203.0.113.10"]),
    buildServiceManifest("web-8080", ["203.0.113.10"], 8080),
    buildServiceManifest("three", ["203.0.113.21", "203.0.113.22", "203.0.113.23"]),
    buildServiceManifest("wire", ["203.0.113.30"]),
    buildServiceManifest("refusing", ["203.0.113.40"]),
    buildServiceManifest("far", ["203.0.113.50"]),
  ]);
});

after(async () => {
  for (const close of cleanups.reverse()) await close();
});

/** What the origin sees of a request that is written byte for byte, less the headers of its connection. */
async function captureOriginRequest(bytes: string): Promise<{ line: string; headers: string[] }> {
  let seen = "";
  respondRaw = (socket, head) => {
    seen = head;
    socket.end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  };
  await sendRaw(edge, bytes);
  const [line = "", ...headers] = seen.split("\r\n");
  return { line, headers: headers.filter((header) => !/^connection:/i.test(header)) };
}

/** The answer to a request, when the origin writes these bytes and ends. */
async function fetchRawResponse(bytes: string, method = "GET"): Promise<{ head: string[]; body: string }> {
  respondRaw = (socket) => socket.end(Buffer.from(bytes, "latin1"));
  const answered = await sendRaw(edge, `${method} / HTTP/1.1\r\nHost: wire.example.com\r\nConnection: close\r\n\r\n`);
  const end = answered.indexOf("\r\n\r\n");
  const head = answered.slice(0, end).split("\r\n");
  return { head: head.filter((header) => !/^connection:/i.test(header)), body: answered.slice(end + 4) };
}

describe("a request on its way to the origin", () => {
  test("every method goes through, custom ones too", async () => {
    respond = (request, response) => response.end(request.method);
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"]) {
      const answered = await sendRequest(edge, "http://shop.example.com/", { method });
      assert.equal(`${answered.status} ${answered.body}`, `200 ${method}`);
    }
  });

  test("the path and the query reach the origin byte for byte", async () => {
    respond = (request, response) => response.end(request.url);
    const targets = [
      "/",
      "/a//b///c/",
      "/%7Efoo%2Fbar%2e%2E;v=1,2",
      "/caf%C3%A9/%FF?q=%20+&empty=&&x",
      "/a?b?c=/../d//e",
      "/?",
      "/x|y'!$&()*+,;=:@~[z]",
      "/a?[b]={c}|d^\\",
    ];
    for (const target of targets) {
      assert.equal((await sendRequest(edge, `http://shop.example.com${target}`)).body.toString(), target);
    }
    const escaped = await sendRequest(edge, 'http://shop.example.com/{}^"?"');
    assert.equal(escaped.body.toString(), "/%7B%7D%5E%22?%22"); // no URL has these, and a fetch takes URLs
  });

  test("a path with dots reaches the origin as the path that was matched, which no trick makes another", async () => {
    respond = (request, response) => response.end(request.url);
    const at = async (path: string) => (await sendRequest(edge, `http://shop.example.com${path}`)).body.toString();
    assert.equal(await at("/a/./b/../c?d"), "/a/c?d");
    assert.equal(await at("/a/%2E%2e/b"), "/b");
    assert.equal(await at("/admin//../b"), "/b");
    assert.equal(await at("/admin//%2e%2e/b%20c/."), "/b%20c/");
    assert.equal(await at("/admin\\..\\b"), "/admin%5C..%5Cb");
    assert.equal(await at("/a/..;/b/.hidden/..."), "/a/..;/b/.hidden/...");
  });

  test("Host is the client's, in its own spelling of the port that the Service has", async () => {
    respond = (request, response) => response.end(`${request.headers.host} ${request.headers["x-forwarded-host"]}`);
    const at = async (url: string) => (await sendRequest(edge, url)).body.toString();
    assert.equal(await at("http://shop.example.com/"), "shop.example.com shop.example.com");
    assert.equal(await at("http://shop.example.com/port"), "shop.example.com:8080 shop.example.com");
    assert.equal(await at("http://shop.example.com:9999/"), "shop.example.com shop.example.com:9999");
  });

  test("a host in no zone is served through the record's own name", async () => {
    respond = (request, response) => response.end(`${request.headers.host} ${request.headers["x-forwarded-host"]}`);
    const { body } = await sendRequest(edge, "http://192.0.2.7/");
    assert.match(body.toString(), /^edgress-[0-9a-f]{24}\.example\.com 192\.0\.2\.7$/);
  });

  test("the origin learns who asked, and for what", async () => {
    const { line, headers } = await captureOriginRequest(
      "GET /a HTTP/1.1\r\nHost: wire.example.com\r\nCF-Connecting-IP: 198.51.100.7\r\nX-Request-ID: abc-1\r\nConnection: close\r\n\r\n",
    );
    assert.equal(line, "GET /a HTTP/1.1");
    const told = headers.filter((header) => /^(host|x-(?!forwarded-proto)|x-forwarded-proto)/i.test(header));
    assert.deepEqual(told.map((header) => header.toLowerCase()).sort(), [
      "host: wire.example.com",
      "x-forwarded-for: 198.51.100.7",
      "x-forwarded-host: wire.example.com",
      "x-forwarded-port: 80",
      "x-forwarded-proto: http",
      "x-forwarded-scheme: http",
      "x-real-ip: 198.51.100.7",
      "x-request-id: abc-1",
      "x-scheme: http",
    ]);
  });

  test("what a client claims about itself is replaced; what it claimed is told apart", async () => {
    const { headers } = await captureOriginRequest(
      [
        "GET / HTTP/1.1",
        "Host: wire.example.com",
        "Connection: close",
        "CF-Connecting-IP: 198.51.100.7",
        "X-Forwarded-For: 10.0.0.1, 10.0.0.2",
        "X-Forwarded-Host: evil.example.org",
        "X-Forwarded-Port: 8443",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Scheme: https",
        "X-Scheme: https",
        "X-Real-IP: 10.0.0.3",
        "X-Original-Forwarded-For: 10.0.0.4",
        "X-Original-Forwarded-Host: worse.example.org",
        "X-Forwarded-Prefix: /evil",
        "Proxy: http://evil.example.org",
        "ssl-client-verify: SUCCESS",
        "ssl-client-subject-dn: CN=root",
        "X_Underscore: dropped",
        "X-Kept: kept",
        "X-Request-ID: two words",
        "",
        "",
      ].join("\r\n"),
    );
    const told = headers.map((header) => header.toLowerCase()).filter((header) => /^(x[-_]|proxy|ssl-)/.test(header));
    const id = told.find((header) => header.startsWith("x-request-id:"));
    assert.match(id ?? "", /^x-request-id: [0-9a-f]{32}$/);
    assert.deepEqual(told.filter((header) => header !== id).sort(), [
      "x-forwarded-for: 198.51.100.7",
      "x-forwarded-host: wire.example.com",
      "x-forwarded-port: 80",
      "x-forwarded-proto: http",
      "x-forwarded-scheme: http",
      "x-kept: kept",
      "x-original-forwarded-for: 10.0.0.1, 10.0.0.2",
      "x-original-forwarded-host: evil.example.org",
      "x-real-ip: 198.51.100.7",
      "x-scheme: http",
    ]);
  });

  test("headers of the client's connection stay behind, those that Connection names among them", async () => {
    const { headers } = await captureOriginRequest(
      [
        "POST / HTTP/1.1",
        "Host: wire.example.com",
        "Connection: close, X-Hop",
        "Keep-Alive: timeout=5",
        "Proxy-Connection: keep-alive",
        "Proxy-Authorization: Basic c2VjcmV0",
        "TE: trailers",
        "Trailer: X-Checksum",
        "X-Hop: dropped",
        "Authorization: Bearer kept",
        "Cookie: a=1; b=2",
        "Content-Length: 0",
        "",
        "",
      ].join("\r\n"),
    );
    const names = headers.map((header) => header.split(":")[0]?.toLowerCase());
    for (const name of ["keep-alive", "proxy-connection", "proxy-authorization", "te", "trailer", "x-hop", "upgrade"]) {
      assert.ok(!names.includes(name), name);
    }
    assert.ok(headers.some((header) => header.toLowerCase() === "authorization: bearer kept"));
    assert.ok(headers.some((header) => header.toLowerCase() === "cookie: a=1; b=2"));
  });

  test("a GET with a body keeps it, as with nginx", async () => {
    respond = async (request, response) => response.end(`${request.method} ${await text(request)}`);
    const answered = await sendRequest(edge, "http://shop.example.com/_search", {
      method: "GET",
      headers: { "Content-Length": "9" },
      body: '{"q":"a"}',
    });
    assert.equal(`${answered.status} ${answered.body}`, '200 GET {"q":"a"}');
  });

  test("a body of known length keeps its length, one of unknown length stays chunked, and none stays none", async () => {
    respond = async (request, response) => {
      const { "content-length": length = "-", "transfer-encoding": coding = "-" } = request.headers;
      response.end(`${length} ${coding} ${await text(request)}`);
    };
    const post = async (headers: Record<string, string>, body?: string) =>
      (
        await sendRequest(edge, "http://shop.example.com/", {
          method: "POST",
          headers,
          ...(body !== undefined && { body }),
        })
      ).body.toString();
    assert.equal(await post({ "Content-Length": "5" }, "hello"), "5 - hello");
    assert.equal(await post({ "Transfer-Encoding": "chunked" }, "hello"), "- chunked hello");
    assert.equal(await post({ "Content-Length": "0" }), "0 - ");
  });

  test("the addresses of a Service are asked in turn", async () => {
    const bodies = [];
    for (let i = 0; i < 6; i++) bodies.push((await sendRequest(edge, "http://three.example.com/")).body.toString());
    assert.deepEqual(bodies.slice(0, 3).toSorted(), ["first", "second", "third"]);
    assert.deepEqual(bodies.slice(3), bodies.slice(0, 3));
  });
});

describe("an answer on its way to the client", () => {
  test("status, reason, body and headers of an error or a redirect of the origin are untouched", async () => {
    const found = await fetchRawResponse(
      "HTTP/1.1 302 Found\r\nLocation: http://internal.example.org/x?y#z\r\nContent-Length: 4\r\n\r\nmove",
    );
    assert.equal(found.head[0], "HTTP/1.1 302 Found");
    assert.ok(found.head.some((header) => header.toLowerCase() === "location: http://internal.example.org/x?y#z"));
    assert.equal(found.body, "move");
    const failed = await fetchRawResponse("HTTP/1.1 500 Oh Dear\r\nContent-Length: 8\r\nX-Trace: 1\r\n\r\nmy error");
    assert.equal(failed.head[0], "HTTP/1.1 500 Oh Dear");
    assert.ok(failed.head.some((header) => header.toLowerCase() === "x-trace: 1"));
    assert.equal(failed.body, "my error");
  });

  test("several Set-Cookie stay several, in order", async () => {
    respond = (_, response) => response.writeHead(200, ["Set-Cookie", "a=1, x", "Set-Cookie", "b=2; Path=/"]).end();
    const { rawHeaders } = await sendRequest(edge, "http://shop.example.com/");
    assert.deepEqual(findHeaderValues(rawHeaders, "set-cookie"), ["a=1, x", "b=2; Path=/"]);
  });

  test("headers of the origin's connection stay behind, those that Connection names among them", async () => {
    const { head } = await fetchRawResponse(
      "HTTP/1.1 200 OK\r\nConnection: close, X-Hop\r\nKeep-Alive: timeout=5\r\nProxy-Authenticate: Basic\r\nX-Hop: 1\r\nX-Kept: 1\r\nContent-Length: 0\r\n\r\n",
    );
    const names = head.slice(1).map((header) => header.split(":")[0]?.toLowerCase());
    assert.deepEqual(
      ["keep-alive", "proxy-authenticate", "x-hop", "x-kept"].filter((name) => names.includes(name)),
      ["x-kept"],
    );
  });

  test("compressed bodies pass byte for byte, with their length, encoding and entity tag", async () => {
    const page = "<p>hello</p>".repeat(500);
    for (const [encoding, bytes] of [
      ["gzip", gzipSync(page)],
      ["br", brotliCompressSync(page)],
    ] as const) {
      respond = (_, response) =>
        response
          .writeHead(200, { "Content-Encoding": encoding, "Content-Length": bytes.length, ETag: '"v1"' })
          .end(bytes);
      const { headers, body } = await sendRequest(edge, "http://shop.example.com/", {
        headers: { "Accept-Encoding": "gzip, br" },
      });
      assert.equal(headers["content-encoding"], encoding);
      assert.equal(headers["content-length"], String(bytes.length));
      assert.equal(headers.etag, '"v1"');
      assert.ok(body.equals(bytes));
    }
  });

  test("an uncompressed body stays uncompressed, with its length", async () => {
    respond = (_, response) =>
      response.writeHead(200, { "Content-Length": 5, "Content-Type": "text/html" }).end("plain");
    const { headers, body } = await sendRequest(edge, "http://shop.example.com/", {
      headers: { "Accept-Encoding": "gzip" },
    });
    assert.deepEqual([headers["content-encoding"], headers["content-length"]], [undefined, "5"]);
    assert.equal(body.toString(), "plain");
  });

  test("HEAD has the headers of GET and no body", async () => {
    respond = (request, response) => response.writeHead(200, { "Content-Length": 5, "X-Method": request.method }).end();
    const { status, headers, body } = await sendRequest(edge, "http://shop.example.com/", { method: "HEAD" });
    assert.deepEqual([status, headers["content-length"], headers["x-method"]], [200, "5", "HEAD"]);
    assert.equal(body.length, 0);
  });

  test("204 and 304 have no body and keep their headers", async () => {
    for (const status of [204, 304]) {
      respond = (_, response) => response.writeHead(status, { ETag: '"v2"' }).end();
      const answered = await sendRequest(edge, "http://shop.example.com/");
      assert.deepEqual([answered.status, answered.headers.etag, answered.body.length], [status, '"v2"', 0]);
    }
  });

  test("early hints go no further, and the final answer does", async () => {
    const { head, body } = await fetchRawResponse(
      "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfinal",
    );
    assert.equal(head[0], "HTTP/1.1 200 OK");
    assert.equal(body, "final");
  });
});

describe("streams", () => {
  test("the first byte of the answer arrives before the request's body ends", async () => {
    respond = (request, response) => request.pipe(response);
    let finish = () => {};
    const response = await startRequest(
      edge,
      "http://shop.example.com/",
      { method: "POST", headers: { "Transfer-Encoding": "chunked" } },
      (sent) => {
        sent.write("one ");
        finish = () => sent.end("two");
      },
    );
    const [first] = (await once(response, "data")) as [Buffer];
    assert.equal(first.toString(), "one ");
    finish();
    assert.equal(await text(response), "two");
  });

  test("each event of an event stream arrives at once", async () => {
    let origin: ServerResponse | undefined;
    respond = (_, response) => {
      origin = response.writeHead(200, { "Content-Type": "text/event-stream" });
      response.write("data: 1\n\n");
    };
    const response = await startRequest(edge, "http://shop.example.com/");
    assert.equal(String((await once(response, "data"))[0]), "data: 1\n\n");
    origin?.write("data: 2\n\n");
    assert.equal(String((await once(response, "data"))[0]), "data: 2\n\n");
    origin?.end();
    assert.equal(await text(response), "");
  });

  test("a hundred megabytes up and a hundred down pass unchanged, and workerd stays under 256 MB", async () => {
    const block = randomBytes(1_000_000);
    const expected = createHash("sha256");
    for (let i = 0; i < 100; i++) expected.update(block);
    const digest = expected.digest("hex");
    respond = async (request, response) => {
      const hash = createHash("sha256");
      for await (const chunk of request) hash.update(chunk);
      response.writeHead(200, { "X-Uploaded": hash.digest("hex"), "Content-Length": 100_000_000 });
      for (let i = 0; i < 100; i++) if (!response.write(block)) await once(response, "drain");
      response.end();
    };
    const response = await startRequest(
      edge,
      "http://shop.example.com/",
      { method: "PUT", headers: { "Content-Length": "100000000" } },
      async (sent) => {
        for (let i = 0; i < 100; i++) if (!sent.write(block)) await once(sent, "drain");
        sent.end();
      },
    );
    const downloaded = createHash("sha256");
    for await (const chunk of response) downloaded.update(chunk as Buffer);
    assert.equal(response.headers["x-uploaded"], digest);
    assert.equal(downloaded.digest("hex"), digest);
    for (const megabytes of await readWorkerdPeaks()) assert.ok(megabytes < 256, `workerd took ${megabytes} MB`);
  });
});

/** The most memory that each workerd started by this process has had, in MB. Linux tells; elsewhere there are none. */
async function readWorkerdPeaks(): Promise<number[]> {
  const processes = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));
  const statuses = await Promise.all(processes.map((id) => readFile(`/proc/${id}/status`, "utf8").catch(() => "")));
  return statuses
    .filter((status) => /^Name:\s*workerd$/m.test(status) && status.includes(`PPid:\t${process.pid}\n`))
    .map((status) => Number(/^VmHWM:\s*(\d+)/m.exec(status)?.[1] ?? 0) / 1000);
}

describe("WebSockets", () => {
  test("messages of both kinds go both ways, under the subprotocol that the origin chose", async () => {
    const seen: IncomingMessage[] = [];
    const server = createServer();
    const sockets = new WebSocketServer({ server, handleProtocols: () => "chat.v2" });
    sockets.on("connection", (socket, request) => {
      seen.push(request);
      socket.on("message", (message, isBinary) => socket.send(message, { binary: isBinary }));
    });
    const { port, close } = await listen(server, 0);
    cleanups.push(close);
    edge.stack.forward("203.0.113.50:80", `127.0.0.1:${port}`);
    const url = `ws://127.0.0.1:${edge.stack.http.port}/chat?room=1`;
    const socket = new WebSocket(url, ["chat.v1", "chat.v2"], { headers: { Host: "far.example.com" } });
    await once(socket, "open");
    assert.equal(socket.protocol, "chat.v2");
    assert.equal(seen[0]?.url, "/chat?room=1");
    assert.equal(seen[0]?.headers.host, "far.example.com");
    assert.equal(seen[0]?.headers["x-forwarded-proto"], "http");
    socket.send("hello");
    assert.deepEqual(await waitForMessage(socket), ["hello", false]);
    socket.send(Buffer.from([0, 255]));
    assert.deepEqual(await waitForMessage(socket), ["\0\xff", true]);
    socket.close(4000, "bye");
    const [code] = (await once(socket, "close")) as [number];
    assert.equal(code, 4000);
  });

  test("an opening that the origin refuses gets the origin's answer", async () => {
    respond = (_, response) => response.writeHead(401).end("no");
    const url = `ws://127.0.0.1:${edge.stack.http.port}/`;
    const socket = new WebSocket(url, { headers: { Host: "shop.example.com" } });
    const [, response] = (await once(socket, "unexpected-response")) as [unknown, IncomingMessage];
    assert.equal(`${response.statusCode} ${await text(response)}`, "401 no");
  });
});

async function waitForMessage(socket: WebSocket): Promise<[string, boolean]> {
  const [message, isBinary] = (await once(socket, "message")) as [Buffer, boolean];
  return [message.toString("latin1"), isBinary];
}

describe("origins that fail", () => {
  const id = { "X-Request-ID": "failing-1" };

  test("one that refuses the connection is a 502 that names the request and nothing internal", async () => {
    const { status, headers, body } = await sendRequest(edge, "http://refusing.example.com/", { headers: id });
    assert.equal(status, 502);
    assert.equal(body.toString(), "502 Bad Gateway\nrequest id: failing-1\n");
    assert.equal(headers["cache-control"], "no-store");
    assert.equal(headers["x-request-id"], "failing-1");
  });

  test("one that hangs up without an answer is a 502", async () => {
    respondRaw = (socket) => socket.destroy();
    const { status, body } = await sendRequest(edge, "http://wire.example.com/", { headers: id });
    assert.equal(status, 502);
    assert.equal(body.toString(), "502 Bad Gateway\nrequest id: failing-1\n");
  });

  test("one that does not speak HTTP is a 502", async () => {
    respondRaw = (socket) => socket.end("220 mail.example.com ESMTP\r\n\r\n");
    assert.equal((await sendRequest(edge, "http://wire.example.com/", { headers: id })).status, 502);
  });

  test("one that cannot be connected to is a 504", async () => {
    edge.stack.forward("203.0.113.50:80", "");
    const { status, body } = await sendRequest(edge, "http://far.example.com/", { headers: id });
    assert.equal(status, 504);
    assert.equal(body.toString(), "504 Gateway Timeout\nrequest id: failing-1\n");
  });

  test("one that does not begin to answer in time is a 504, and is left", async () => {
    let left: Promise<unknown> | undefined;
    respondRaw = (socket) => {
      left = new Promise((resolve) => socket.once("close", resolve));
    };
    const { status, body } = await sendRequest(edge, "http://wire.example.com/", { headers: id });
    assert.equal(status, 504);
    assert.equal(body.toString(), "504 Gateway Timeout\nrequest id: failing-1\n");
    assert.ok(left);
    await left;
  });

  test("a request that takes long to send is no slow answer", async () => {
    respond = async (request, response) => response.end(await text(request));
    const headers = { "Content-Length": "8" };
    const response = await startRequest(edge, "http://shop.example.com/", { method: "POST", headers }, (sent) => {
      sent.write("half");
      setTimeout(() => sent.end("done"), 2 * ORIGIN_TIMEOUT_MS);
    });
    assert.equal(`${response.statusCode} ${await text(response)}`, "200 halfdone");
  });

  test("one that has begun may take longer than that", async () => {
    respond = (_, response) => {
      response.write("begun ");
      setTimeout(() => response.end("and done"), 2 * ORIGIN_TIMEOUT_MS);
    };
    assert.equal((await sendRequest(edge, "http://shop.example.com/")).body.toString(), "begun and done");
  });

  test("one that dies in the middle of a body breaks the answer off, so that no client takes it for whole", async () => {
    for (const framing of ["Content-Length: 100", "Transfer-Encoding: chunked"]) {
      respondRaw = (socket) =>
        socket.write(`HTTP/1.1 200 OK\r\n${framing}\r\n\r\n4\r\nhalf\r\n`, () => socket.destroy());
      await assert.rejects(sendRequest(edge, "http://wire.example.com/"), { code: "ECONNRESET" });
    }
  });
});

describe("clients that go away", () => {
  test("before the answer: the origin's request ends", async () => {
    const slow = await startWorkerHarness();
    cleanups.push(slow.close);
    const { promise: arrived, resolve } = Promise.withResolvers<ServerResponse>();
    await slow.startOrigin("203.0.113.10:80", (_, response) => resolve(response));
    await slow.publish([
      buildIngressManifest("shop", "shop.example.com", { "/": "web" }),
      buildServiceManifest("web", ["203.0.113.10"]),
    ]);
    const socket = connect(Number(slow.stack.http.port), "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\nHost: shop.example.com\r\n\r\n");
    const origin = await arrived;
    const left = once(origin, "close");
    socket.destroy();
    await left;
    assert.equal(origin.writableFinished, false);
  });

  test("during the answer: the origin's request ends", async () => {
    let origin: ServerResponse | undefined;
    respond = (_, response) => {
      origin = response;
      response.write("begun");
    };
    const response = await startRequest(edge, "http://shop.example.com/");
    await once(response, "data");
    response.on("error", () => undefined);
    assert.ok(origin);
    const left = once(origin, "close");
    response.destroy();
    await left;
  });

  test("during its own body: the origin's request ends", async () => {
    const { promise, resolve } = Promise.withResolvers<IncomingMessage>();
    respond = (request) => resolve(request);
    const socket = connect(Number(edge.stack.http.port), "127.0.0.1");
    socket.write("POST / HTTP/1.1\r\nHost: shop.example.com\r\nContent-Length: 100\r\n\r\nhalf");
    const request = await promise;
    request.on("error", () => undefined).resume();
    const left = new Promise((resolve) => request.once("close", resolve));
    socket.destroy();
    await left;
    assert.equal(request.complete, false);
  });
});
