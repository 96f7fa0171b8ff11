import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { authorization } from "../../src/filters/authorization/authorization.ts";
import type { SettingsOf } from "../../src/rules/policies/index.ts";
import type { OriginFetchInit } from "../../src/runtime/origin-fetch.ts";
import { parseManifest } from "../../sync/collect/manifests.ts";
import { parseCluster } from "../../sync/collect/parse-objects.ts";
import { type EchoHarness, startEchoHarness } from "../support/fixture-worker.ts";
import { EMPTY_HOST_CONTEXT, findOriginHeader, runFilter, stubExchange } from "../support/sample-exchanges.ts";

const USERS = "ann:{PLAIN}s3cret\n";
const ANN_HEADERS = { Authorization: `Basic ${btoa("ann:s3cret")}` };
const HTTP_URL = "http://shop.example.com/a?b=c";
const EXTERNAL_AUTH: NonNullable<SettingsOf<"authorization">["external"]> = {
  target: { via: "internet", origin: "https://auth.example.org", path: "/verify?from=$host" },
  redirect: "$request_uri",
  headers: [["X-Gate", "$request_method"]],
  responseHeaders: ["X-User"],
  alwaysSetsCookies: false,
};

describe("what lets in", () => {
  const basic = { realm: "", users: "sealed" };
  const opens = { decrypt: async () => USERS };

  test("nobody, where nothing says who", async () => {
    for (const any of [true, false]) {
      const { answer, handedOn } = await runFilter(
        authorization({ any }, EMPTY_HOST_CONTEXT),
        stubExchange(HTTP_URL, ANN_HEADERS),
      );
      assert.deepEqual([answer.response.status, answer.outcome, handedOn], [503, "failed-closed", undefined]);
    }
  });

  test("nobody, where the Secret cannot be opened, not even by another way in", async () => {
    for (const any of [true, false]) {
      const sourceRange = { allow: ["192.0.2.0/24"] };
      const exchange = stubExchange(HTTP_URL, {
        ...ANN_HEADERS,
        "CF-Connecting-IP": any ? "198.51.100.1" : "192.0.2.1",
      });
      const { answer, handedOn } = await runFilter(
        authorization({ any, sourceRange, basic, external: EXTERNAL_AUTH }, EMPTY_HOST_CONTEXT),
        exchange,
      );
      assert.deepEqual([answer.response.status, answer.outcome, handedOn], [503, "failed-closed", undefined]);
      assert.match(answer.reason ?? "", /cannot be decrypted/);
    }
  });

  test("a client whose address is not known is in no range, and not outside of one", async () => {
    for (const sourceRange of [{ allow: ["0.0.0.0/0", "::/0"] }, { deny: ["192.0.2.1"] }]) {
      const { answer } = await runFilter(
        authorization({ any: false, sourceRange }, EMPTY_HOST_CONTEXT),
        stubExchange(HTTP_URL, {}),
      );
      assert.equal(answer.response.status, 403);
      assert.equal(answer.outcome, "denied");
    }
  });

  test("a password is never handed on, whoever let the client in", async () => {
    const filter = authorization(
      { any: true, sourceRange: { allow: ["192.0.2.1"] }, basic, external: EXTERNAL_AUTH },
      EMPTY_HOST_CONTEXT,
    );
    const exchange = stubExchange(
      HTTP_URL,
      { ...ANN_HEADERS, "X-User": "root", "CF-Connecting-IP": "192.0.2.1" },
      opens,
    );
    const { handedOn } = await runFilter(filter, exchange);
    assert.ok(handedOn);
    assert.deepEqual(
      handedOn.originHeaders.map(([name, value]) => [name, value]),
      [
        ["Authorization", undefined],
        ["X-User", undefined],
      ],
    );
  });

  test("of several that deny, one that asks for a password is heard", async () => {
    const filter = authorization(
      { any: true, sourceRange: { deny: ["192.0.2.1"] }, basic, external: EXTERNAL_AUTH },
      EMPTY_HOST_CONTEXT,
    );
    const fetch = async () => new Response(null, { status: 403 });
    const exchange = stubExchange(HTTP_URL, { "CF-Connecting-IP": "192.0.2.1" }, { ...opens, fetch });
    const { answer } = await runFilter(filter, exchange);
    assert.equal(answer.response.status, 401);
    assert.equal(answer.response.headers.get("WWW-Authenticate"), 'Basic realm=""');
    const without = authorization(
      { any: true, sourceRange: { deny: ["192.0.2.1"] }, external: EXTERNAL_AUTH },
      EMPTY_HOST_CONTEXT,
    );
    assert.equal((await runFilter(without, exchange)).answer.response.status, 403);
  });
});

describe("an authentication service", () => {
  const filter = authorization({ any: false, external: EXTERNAL_AUTH }, EMPTY_HOST_CONTEXT);

  for (const [status, told] of [
    [200, 200],
    [202, 200],
    [204, 200],
    [299, 200],
    [301, 500],
    [302, 500],
    [400, 500],
    [401, 401],
    [403, 403],
    [404, 500],
    [429, 500],
    [500, 500],
    [503, 500],
  ] as const) {
    test(`that answers ${status} makes it ${told}`, async () => {
      const headers = { Location: "https://elsewhere.example.org/", "WWW-Authenticate": "Bearer" };
      const fetch = async () => new Response(null, { status, headers });
      const { answer, handedOn } = await runFilter(filter, stubExchange(HTTP_URL, {}, { fetch }));
      assert.equal(answer.response.status, told);
      assert.equal(handedOn !== undefined, told === 200);
      assert.equal(answer.isAuthResponse === true, told !== 200);
      assert.equal(answer.response.headers.get("WWW-Authenticate"), told === 401 ? "Bearer" : null);
      assert.equal(answer.response.headers.get("Location"), null);
    });
  }

  test("that cannot be asked lets nobody in", async () => {
    const fetch = async () => Promise.reject(new Error("no answer within 60000 ms"));
    const { answer, handedOn } = await runFilter(filter, stubExchange(HTTP_URL, {}, { fetch }));
    assert.deepEqual([answer.response.status, answer.outcome, handedOn], [500, "denied", undefined]);
    assert.match(answer.reason ?? "", /no answer within/);
  });

  test("that says nothing for too long lets nobody in", async (context) => {
    context.mock.timers.enable({ apis: ["setTimeout"] });
    const fetch = (_: string, { signal }: { signal: AbortSignal }) =>
      new Promise<Response>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    const answered = runFilter(filter, stubExchange(HTTP_URL, {}, { fetch }));
    context.mock.timers.tick(60_000);
    assert.equal((await answered).answer.response.status, 500);
  });

  test("is asked with what the client sent, and told what it wanted", async () => {
    const asked: ({ url: string } & OriginFetchInit)[] = [];
    const fetch = async (url: string, init: OriginFetchInit) => {
      asked.push({ url, ...init });
      return new Response(null, { headers: { "X-User": "ann", "X-Other": "no" } });
    };
    const sent = {
      ...ANN_HEADERS,
      Cookie: "sid=7",
      Connection: "keep-alive, X-Hop",
      "X-Hop": "1",
      Upgrade: "websocket",
      "X-Forwarded-Proto": "https",
      "X-Forwarded-Host": "evil.example.com",
      "X-Scheme": "https",
      "X-Original-URL": "https://evil.example.com/",
      "ssl-client-verify": "SUCCESS",
      "CF-Connecting-IP": "192.0.2.1",
    };
    const { handedOn } = await runFilter(filter, stubExchange(HTTP_URL, sent, { fetch }));
    const [first] = asked;
    assert.equal(first?.url, "https://auth.example.org/verify?from=shop.example.com");
    assert.deepEqual([first?.method, first?.body], ["GET", null]);
    assert.deepEqual(Object.fromEntries(first?.headers ?? []), {
      authorization: ANN_HEADERS.Authorization,
      cookie: "sid=7",
      "x-auth-request-redirect": "/a?b=c",
      "x-forwarded-for": "192.0.2.1",
      "x-gate": "GET",
      "x-original-method": "GET",
      "x-original-url": HTTP_URL,
      "x-real-ip": "192.0.2.1",
      "x-request-id": handedOn?.id,
      "x-sent-from": "nginx-ingress-controller",
    });
    assert.ok(handedOn);
    assert.equal(findOriginHeader(handedOn, "X-User"), "ann");
    assert.equal(findOriginHeader(handedOn, "X-Other"), undefined);
  });

  test("that is asked with a method of its own is told the path and scheme too", async () => {
    const asked: Headers[] = [];
    const fetch = async (_: string, { method, headers }: OriginFetchInit) => {
      assert.equal(method, "POST");
      asked.push(headers);
      return new Response(null);
    };
    const post = authorization({ any: false, external: { ...EXTERNAL_AUTH, method: "POST" } }, EMPTY_HOST_CONTEXT);
    await runFilter(post, stubExchange(HTTP_URL, {}, { fetch }));
    assert.deepEqual([asked[0]?.get("X-Original-URI"), asked[0]?.get("X-Scheme")], ["/a?b=c", "http"]);
  });

  test("sends a client that it does not know to sign in, but not one that it forbids", async () => {
    const signIn = "https://sso.example.org/?rd=$pass_access_scheme://$http_host$escaped_request_uri";
    const away = authorization({ any: false, external: { ...EXTERNAL_AUTH, signIn } }, EMPTY_HOST_CONTEXT);
    const fetch = (status: number) => async () =>
      new Response(null, { status, headers: { "WWW-Authenticate": "Bearer", "Set-Cookie": "csrf=1" } });
    const unknown = (await runFilter(away, stubExchange(HTTP_URL, {}, { fetch: fetch(401) }))).answer;
    assert.equal(unknown.response.status, 302);
    assert.equal(
      unknown.response.headers.get("Location"),
      "https://sso.example.org/?rd=http://shop.example.com%2Fa%3Fb%3Dc",
    );
    assert.equal(unknown.response.headers.get("WWW-Authenticate"), "Bearer");
    assert.deepEqual(unknown.response.headers.getSetCookie(), ["csrf=1"]);
    const forbidden = (await runFilter(away, stubExchange(HTTP_URL, {}, { fetch: fetch(403) }))).answer;
    assert.equal(forbidden.response.status, 403);
    assert.deepEqual(forbidden.response.headers.getSetCookie(), []);
  });
});

describe("an answer of an authentication service", () => {
  const cache = { key: "$http_authorization", path: "/", seconds: { "200": 300, "401": 60 } };
  const filter = authorization({ any: false, external: { ...EXTERNAL_AUTH, cache } }, EMPTY_HOST_CONTEXT);

  /** How often the service is asked, where it answers so, and for how long that is kept. */
  async function twice(response: () => Response, second = ANN_HEADERS.Authorization) {
    const kept = new Map<string, string>();
    const seconds: number[] = [];
    let asked = 0;
    const platform = {
      fetch: async () => {
        asked++;
        return response();
      },
      cache: {
        get: async (name: string) => kept.get(name),
        put: async (name: string, value: string, ttl: number) => {
          seconds.push(ttl);
          kept.set(name, value);
        },
      },
    };
    const statuses = [];
    for (const Authorization of [ANN_HEADERS.Authorization, second]) {
      const { answer, handedOn } = await runFilter(filter, stubExchange(HTTP_URL, { Authorization }, platform));
      statuses.push(answer.response.status);
      if (answer.response.status === 200) assert.equal(findOriginHeader(handedOn ?? assert.fail(), "X-User"), "ann");
    }
    return { asked, seconds, statuses, names: [...kept.keys()].join() };
  }
  const answers =
    (status: number, headers = {}) =>
    () =>
      new Response(null, { status, headers: { "X-User": "ann", ...headers } });

  test("is kept by its status", async () => {
    assert.deepEqual((await twice(answers(200))).seconds, [300]);
    assert.deepEqual((await twice(answers(401))).seconds, [60]);
    assert.equal((await twice(answers(401))).asked, 1);
    assert.deepEqual((await twice(answers(403))).seconds, []);
    assert.equal((await twice(answers(500))).asked, 2);
  });

  test("is kept by its key, which nobody can read", async () => {
    const { asked, names } = await twice(answers(200), "Bearer other");
    assert.equal(asked, 2);
    assert.ok(!names.includes("Basic"));
  });

  test("is kept as long as it says itself", async () => {
    assert.deepEqual((await twice(answers(200, { "Cache-Control": "max-age=7" }))).seconds, [7]);
    for (const headers of [
      { "Cache-Control": "private" },
      { "Cache-Control": "no-store" },
      { "Cache-Control": "max-age=0" },
      { "Set-Cookie": "a=b" },
      { Vary: "*" },
      { Expires: "Thu, 01 Jan 1970 00:00:00 GMT" },
    ]) {
      assert.deepEqual((await twice(answers(200, headers))).seconds, [], JSON.stringify(headers));
    }
  });

  test("that is kept where it cannot be read is asked for again", async () => {
    const fetch = async () => new Response(null, { status: 403 });
    for (const get of [async () => "{}", async () => Promise.reject(new Error("no cache")), async () => "x"]) {
      const platform = { fetch, cache: { get, put: async () => {} } };
      assert.equal((await runFilter(filter, stubExchange(HTTP_URL, {}, platform))).answer.response.status, 403);
    }
  });
});

const MANIFEST = `
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { externalIPs: [203.0.113.10], ports: [{ port: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: gate }
spec: { externalIPs: [203.0.113.20], ports: [{ port: 80 }] }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: kept
  annotations:
    nginx.ingress.kubernetes.io/auth-url: http://gate.default.svc.cluster.local/verify?x=$arg_x
    nginx.ingress.kubernetes.io/auth-cache-key: $cookie_session
    nginx.ingress.kubernetes.io/auth-response-headers: X-User
spec:
  rules:
    - host: kept.example.com
      http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }] }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: cookies
  annotations:
    nginx.ingress.kubernetes.io/auth-url: http://gate.default.svc.cluster.local/cookies
spec:
  rules:
    - host: cookies.example.com
      http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }] }
`;

describe("at the edge", () => {
  let edge: EchoHarness;
  let gate: Server;
  const asked: IncomingMessage[] = [];

  before(async () => {
    edge = await startEchoHarness(["example.com"]);
    const parsed = parseManifest(MANIFEST, "in.yaml");
    await edge.publish(parseCluster("objects" in parsed ? parsed.objects : []));
    gate = createServer((message, response) => {
      asked.push(message);
      const cookies = message.url === "/cookies" ? { "Set-Cookie": ["a=1; Path=/", "b=2"] } : {};
      response.writeHead(200, { "X-User": "ann", ...cookies }).end();
    }).listen(0, "127.0.0.1");
    await once(gate, "listening");
    edge.stack.forward("203.0.113.20:80", `127.0.0.1:${(gate.address() as AddressInfo).port}`);
  });
  after(async () => {
    gate.closeAllConnections();
    gate.close();
    await edge.close();
  });

  async function ask(host: string, path: string, headers: Record<string, string> = {}, body = "") {
    const method = body === "" ? "GET" : "POST";
    const { port } = edge.stack.http;
    const sent = request({ host: "127.0.0.1", port, path, method, headers: { Host: host, ...headers }, agent: false });
    sent.end(body);
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    return { response, seen: JSON.parse(await text(response)) as { headers: Record<string, string>; body: string } };
  }

  test("what the service said is kept near", async () => {
    const before = asked.length;
    for (const path of ["/1", "/2", "/3"]) {
      const { response, seen } = await ask("kept.example.com", path, { Cookie: "session=one", "X-User": "root" });
      assert.equal(response.statusCode, 200);
      assert.equal(seen.headers["x-user"], "ann");
    }
    assert.equal(asked.length, before + 1);
    await ask("kept.example.com", "/1", { Cookie: "session=two" });
    assert.equal(asked.length, before + 2);
  });

  test("the body is the origin's, and the service gets none", async () => {
    const { seen } = await ask("cookies.example.com", "/", { "Content-Type": "text/plain" }, "hello");
    assert.equal(seen.body, "hello");
    const last = asked.at(-1);
    assert.equal(last?.method, "GET");
    assert.equal(last?.headers["content-length"], undefined);
    assert.equal(last?.headers["x-original-method"], "POST");
  });

  test("each cookie of the service reaches the client", async () => {
    const { response } = await ask("cookies.example.com", "/");
    assert.deepEqual(response.headers["set-cookie"], ["a=1; Path=/", "b=2"]);
  });
});
