import assert from "node:assert/strict";
import { test } from "node:test";
import { authorization } from "../../src/filters/authorization/authorization.ts";
import type { HostContext } from "../../src/request/filter.ts";
import type { OriginFetchInit } from "../../src/runtime/origin-fetch.ts";
import { ANN_HEADERS, EXTERNAL_AUTH, SHOP_URL } from "../support/worker/authorization-samples.ts";
import { EMPTY_HOST_CONTEXT, findOriginHeader, runFilter, stubExchange } from "../support/worker/sample-exchanges.ts";

const filter = authorization({ any: false, external: EXTERNAL_AUTH }, EMPTY_HOST_CONTEXT);

for (const [status, clientStatus] of [
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
  test(`The client receives ${clientStatus} if the authentication service responds with ${status}`, async () => {
    const headers = { Location: "https://elsewhere.example.org/", "WWW-Authenticate": "Bearer" };
    const fetch = async () => new Response(null, { status, headers });
    const { result, forwarded } = await runFilter(filter, stubExchange(SHOP_URL, {}, { fetch }));
    assert.equal(result.response.status, clientStatus);
    assert.equal(forwarded !== undefined, clientStatus === 200);
    assert.equal(result.isAuthResponse === true, clientStatus !== 200);
    assert.equal(result.response.headers.get("WWW-Authenticate"), clientStatus === 401 ? "Bearer" : null);
    assert.equal(result.response.headers.get("Location"), null);
  });
}

test("An unreachable authentication service denies every client", async () => {
  const fetch = async () => Promise.reject(new Error("no answer within 60000 ms"));
  const { result, forwarded } = await runFilter(filter, stubExchange(SHOP_URL, {}, { fetch }));
  assert.deepEqual([result.response.status, result.outcome, forwarded], [500, "denied", undefined]);
  assert.match(result.reason ?? "", /no answer within/);
});

test("An authentication service without a response for 60 s denies the client", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const fetch = (_: string, { signal }: { signal: AbortSignal }) =>
    new Promise<Response>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const filtered = runFilter(filter, stubExchange(SHOP_URL, {}, { fetch }));
  context.mock.timers.tick(60_000);
  assert.equal((await filtered).result.response.status, 500);
});

test("The authentication service receives the client's headers, and a description of the request", async () => {
  const requests: ({ url: string } & OriginFetchInit)[] = [];
  const fetch = async (url: string, init: OriginFetchInit) => {
    requests.push({ url, ...init });
    return new Response(null, { headers: { "X-User": "ann", "X-Other": "no" } });
  };
  const clientHeaders = {
    ...ANN_HEADERS,
    Cookie: "sid=7",
    Connection: "keep-alive, X-Hop",
    "X-Hop": "1",
    Upgrade: "websocket",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example.com",
    "X-Scheme": "https",
    "X-Original-URL": "https://evil.example.com/",
    "X-Original-URI": "/public",
    "X-Original-Method": "HEAD",
    "X-Original-Anything": "1",
    "X-Forwarded-Uri": "/public",
    "X-Forwarded-Method": "HEAD",
    "X-Forwarded-Server": "evil.example.com",
    "X-Rewrite-URL": "/public",
    Forwarded: "for=10.0.0.1",
    "X-User": "root",
    "ssl-client-verify": "SUCCESS",
    "CF-Connecting-IP": "192.0.2.1",
  };
  const { forwarded } = await runFilter(filter, stubExchange(SHOP_URL, clientHeaders, { fetch }));
  const [first] = requests;
  assert.equal(first?.url, "https://auth.example.org/verify?from=shop.example.com");
  assert.deepEqual([first?.method, first?.body], ["GET", null]);
  assert.deepEqual(Object.fromEntries(first?.headers ?? []), {
    authorization: ANN_HEADERS.Authorization,
    cookie: "sid=7",
    "x-auth-request-redirect": "/a?b=c",
    "x-forwarded-for": "192.0.2.1",
    "x-forwarded-method": "GET",
    "x-forwarded-uri": "/a?b=c",
    "x-gate": "GET",
    "x-original-method": "GET",
    "x-original-uri": "/a?b=c",
    "x-original-url": SHOP_URL,
    "x-real-ip": "192.0.2.1",
    "x-request-id": forwarded?.id,
    "x-sent-from": "nginx-ingress-controller",
  });
  assert.ok(forwarded);
  assert.equal(findOriginHeader(forwarded, "X-User"), "ann");
  assert.equal(findOriginHeader(forwarded, "X-Other"), undefined);
});

test("The authentication service receives the client's credentials, even if it sends them to the origin", async () => {
  const requests: Headers[] = [];
  const fetch = async (_: string, { headers }: OriginFetchInit) => {
    requests.push(headers);
    return new Response(null);
  };
  const external = { ...EXTERNAL_AUTH, responseHeaders: ["Authorization", "Cookie", "X-User"] };
  const headers = { ...ANN_HEADERS, Cookie: "sid=7", "X-User": "root" };
  await runFilter(
    authorization({ any: false, external }, EMPTY_HOST_CONTEXT),
    stubExchange(SHOP_URL, headers, { fetch }),
  );
  const names = ["Authorization", "Cookie", "X-User"];
  assert.deepEqual(
    names.map((name) => requests[0]?.get(name)),
    [ANN_HEADERS.Authorization, "sid=7", null],
  );
});

test("An Ingress cannot set headers of the edge for a Service of another namespace", async () => {
  const fetchHeaders = async (namespace: string) => {
    const requests: Headers[] = [];
    const sendSubrequest: HostContext["sendSubrequest"] = async (_, __, init) => {
      requests.push(init.headers);
      return new Response(null);
    };
    const external: typeof EXTERNAL_AUTH = {
      ...EXTERNAL_AUTH,
      target: { via: "backend", backend: "auth/gate:80", path: "/" },
      headers: [
        ["X-Real-IP", "10.0.0.1"],
        ["ssl-client-verify", "SUCCESS"],
        ["X-Tenant", "bob"],
      ],
    };
    const exchange = stubExchange(SHOP_URL, { "CF-Connecting-IP": "192.0.2.1" });
    const labels = { ...exchange.labels, namespace };
    await runFilter(authorization({ any: false, external }, { ...EMPTY_HOST_CONTEXT, sendSubrequest }), {
      ...exchange,
      labels,
    });
    return ["X-Real-IP", "ssl-client-verify", "X-Tenant"].map((name) => requests[0]?.get(name));
  };
  assert.deepEqual(await fetchHeaders("bob"), ["192.0.2.1", null, "bob"]);
  assert.deepEqual(await fetchHeaders("auth"), ["10.0.0.1", "SUCCESS", "bob"]);
});

test("An authentication service with auth-method receives the path and the scheme too", async () => {
  const requests: Headers[] = [];
  const fetch = async (_: string, { method, headers }: OriginFetchInit) => {
    assert.equal(method, "POST");
    requests.push(headers);
    return new Response(null);
  };
  const post = authorization({ any: false, external: { ...EXTERNAL_AUTH, method: "POST" } }, EMPTY_HOST_CONTEXT);
  await runFilter(post, stubExchange(SHOP_URL, {}, { fetch }));
  assert.deepEqual([requests[0]?.get("X-Original-URI"), requests[0]?.get("X-Scheme")], ["/a?b=c", "http"]);
});

test("auth-signin redirects an unknown client, but not one that the service forbids", async () => {
  const signIn = "https://sso.example.org/?rd=$pass_access_scheme://$http_host$escaped_request_uri";
  const redirecting = authorization({ any: false, external: { ...EXTERNAL_AUTH, signIn } }, EMPTY_HOST_CONTEXT);
  const runWithStatus = async (status: number) => {
    const headers = { "WWW-Authenticate": "Bearer", "Set-Cookie": "csrf=1" };
    const fetch = async () => new Response(null, { status, headers });
    return (await runFilter(redirecting, stubExchange(SHOP_URL, {}, { fetch }))).result.response;
  };
  const unknown = await runWithStatus(401);
  assert.equal(unknown.status, 302);
  assert.equal(unknown.headers.get("Location"), "https://sso.example.org/?rd=http://shop.example.com%2Fa%3Fb%3Dc");
  assert.equal(unknown.headers.get("WWW-Authenticate"), "Bearer");
  assert.deepEqual(unknown.headers.getSetCookie(), ["csrf=1"]);
  const forbidden = await runWithStatus(403);
  assert.equal(forbidden.status, 403);
  assert.deepEqual(forbidden.headers.getSetCookie(), []);
});
