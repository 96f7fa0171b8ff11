import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { customErrors } from "../../src/filters/custom-errors.ts";
import { createExchange, type RequestServices } from "../../src/request/exchange.ts";
import type { EdgeResponse } from "../../src/request/response.ts";
import { buildIngressManifest, buildServiceManifest, withNginxPrefix } from "../support/manifests.ts";
import { type RequestOptions, sendRequest } from "../support/worker/http-requests.ts";
import { createQueryOrigin } from "../support/worker/query-origin.ts";
import { EMPTY_HOST_CONTEXT } from "../support/worker/sample-exchanges.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

const SETTINGS = { codes: [401, 403, 503], backend: "default/errors:80", service: "shop", port: "80", onlyOwn: false };

for (const [title, fields, isReplaced] of [
  ["customErrors replaces an error of the edge", { outcome: "no-backend" }, true],
  ["customErrors keeps the response of an authentication service", { outcome: "routed", isAuthResponse: true }, false],
  ["customErrors keeps the response of a closed route", { outcome: "failed-closed" }, false],
] as const) {
  test(title, async () => {
    for (const status of SETTINGS.codes) {
      const { response } = await runCustomErrors({ response: new Response("own", { status }), ...fields });
      assert.equal(await response.text(), isReplaced ? "page" : "own");
    }
  });
}

function runCustomErrors(response: EdgeResponse): Promise<EdgeResponse> {
  const forward = async (): Promise<EdgeResponse> => ({ response: new Response("page"), outcome: "routed" });
  const exchange = createExchange(new Request("http://shop.example.com/"), {} as RequestServices); // the filter uses none
  return customErrors(SETTINGS, { ...EMPTY_HOST_CONTEXT, forward })(exchange, async () => response);
}

const { requests, respondAs } = createQueryOrigin();
let edge: WorkerHarness;

before(async () => {
  edge = await startWorkerHarness();
  await edge.startOrigin("203.0.113.10:80", respondAs("shop", "status"));
  await edge.startOrigin("203.0.113.12:80", respondAs("errors", "page"));
  await edge.startOrigin("203.0.113.14:80", (_, response) => response.writeHead(200, { "X-User": "ann" }).end());
  edge.stack.forward("203.0.113.13:80", "127.0.0.1:9"); // refuses connections
  const pages = { "custom-http-errors": "404,503", "default-backend": "errors" };
  await edge.publish([
    buildIngress("pages", pages),
    buildIngress("own", { ...pages, "custom-http-errors": "502", "disable-proxy-intercept-errors": "true" }),
    buildIngress("without", { "custom-http-errors": "503" }),
    buildIngress("guarded", {
      ...pages,
      "auth-url": "http://gate/",
      "auth-response-headers": "X-User",
    }),
    buildIngress("limited", {
      ...pages,
      "custom-http-errors": "413",
      "proxy-body-size": "1",
      "auth-url": "http://gate/",
      "auth-response-headers": "X-User",
    }),
    buildIngress("secret", { ...pages, "custom-http-errors": "401", "auth-type": "basic", "auth-secret": "staff" }),
    { apiVersion: "v1", kind: "Secret", metadata: { name: "staff" }, stringData: { auth: "ann:{SHA}unknown" } },
    buildServiceManifest("gate", ["203.0.113.14"]),
    buildIngress("quiet", { ...pages, "enable-access-log": "false" }),
    buildIngress("logged", {}),
    buildServiceManifest("shop", ["203.0.113.10"]),
    buildServiceManifest("errors", ["203.0.113.12"]),
    buildServiceManifest("refused", ["203.0.113.13"]),
  ]);
});

after(() => edge.close());

function buildIngress(name: string, annotations: Readonly<Record<string, string>>) {
  const paths = { "/": "shop", "/refused": "refused" };
  return buildIngressManifest(name, `${name}.example.com`, paths, withNginxPrefix(annotations));
}

function fetchPage(host: string, path: string, options: RequestOptions = {}) {
  return sendRequest(edge, `http://${host}.example.com${path}`, options);
}

test("custom-http-errors replaces a listed status of the origin by the default backend's response", async () => {
  const path = "/a/b?status=404&body=secret";
  const { status, headers } = await fetchPage("pages", path, {
    headers: { Accept: "text/html", "X-Request-ID": "abc" },
  });
  assert.equal(status, 200);
  assert.equal(headers["x-origin"], "errors");
  const page = requests.at(-1);
  assert.equal(page?.name, "errors");
  assert.equal(page?.method, "GET");
  assert.equal(page?.url, "/?status=404&body=secret", "nginx keeps the query");
  assert.equal(page?.headers.host, "pages.example.com");
  const errorHeaders = {
    "x-code": "404",
    "x-format": "text/html",
    "x-original-uri": path,
    "x-namespace": "default",
    "x-ingress-name": "pages",
    "x-service-name": "shop",
    "x-service-port": "80",
    "x-request-id": "abc",
    "x-forwarded-for": "127.0.0.1",
  };
  for (const [name, value] of Object.entries(errorHeaders)) assert.equal(page?.headers[name], value, name);
  for (const name of ["x-real-ip", "x-forwarded-host", "x-forwarded-proto", "x-scheme", "x-forwarded-port"]) {
    assert.equal(page?.headers[name], undefined, name);
  }
});

test("An error page receives neither credentials nor identity headers of the client", async () => {
  const headers = { Authorization: "Basic YW5uOnMzY3JldA==", Cookie: "session=7", "X-User": "root", "X-Own": "kept" };
  for (const [host, code, options] of [
    ["guarded", "404", {}],
    ["limited", "413", { method: "POST", body: "more than one byte" }],
    ["secret", "401", {}],
    ["pages", "404", {}],
  ] as const) {
    await fetchPage(host, "/?status=404", { ...options, headers });
    const page = requests.at(-1);
    assert.deepEqual([page?.name, page?.headers["x-code"], page?.headers["x-own"]], ["errors", code, "kept"], host);
    assert.deepEqual([page?.headers.authorization, page?.headers.cookie], [undefined, undefined], host);
    // Without auth-response-headers it is a header like any other.
    assert.equal(page?.headers["x-user"], ["guarded", "limited"].includes(host) ? undefined : "root", host);
  }
});

test("The client receives the status of the error page", async () => {
  const { status, body } = await fetchPage("pages", "/?status=503&page=418");
  assert.equal(status, 418);
  assert.equal(body, "errors");
});

test("custom-http-errors does not replace an error page that fails too", async () => {
  const { status } = await fetchPage("pages", "/?status=503&page=404");
  assert.equal(status, 404);
  assert.equal(requests.at(-1)?.headers["x-code"], "503");
});

test("The default backend receives the method of the failed request, and no body", async () => {
  const { status } = await fetchPage("pages", "/?status=503", { method: "POST", body: "order" });
  assert.equal(status, 200);
  assert.deepEqual(
    requests.slice(-2).map(({ name, method, body }) => ({ name, method, body })),
    [
      { name: "shop", method: "POST", body: "order" },
      { name: "errors", method: "POST", body: "" },
    ],
  );
});

test("custom-http-errors keeps an unlisted status", async () => {
  const { status, body } = await fetchPage("pages", "/?status=500&body=own");
  assert.equal(status, 500);
  assert.equal(body, "own");
});

test("disable-proxy-intercept-errors keeps the errors of the origin, but not those of the edge", async () => {
  const { status, body } = await fetchPage("own", "/?status=502&body=own");
  assert.deepEqual([status, body], [502, "own"]);
  const { headers } = await fetchPage("own", "/refused");
  assert.equal(headers["x-origin"], "errors");
  assert.equal(requests.at(-1)?.headers["x-code"], "502");
});

test("The error page is a 404 of the edge without a default backend", async () => {
  const { status, body } = await fetchPage("without", "/?status=503&body=secret");
  assert.equal(status, 404);
  assert.doesNotMatch(body, /secret/);
});

test("enable-access-log: false disables the access line of a request, error pages included", async () => {
  await fetchPage("quiet", "/unlogged");
  await fetchPage("quiet", "/unlogged?status=404");
  await fetchPage("logged", "/logged", { headers: { "X-Request-ID": "logged" } });
  await edge.waitForAccessLine("logged");
  assert.ok(!edge.accessLines().some(({ path }) => path === "/unlogged"));
});
