import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCluster } from "../../sync/collect/parse-objects.ts";
import { compile } from "../../sync/compile/compile.ts";
import type { Diagnostic } from "../../sync/compile/diagnostics.ts";
import { formatAccessLine } from "../../sync/dev/access-line.ts";
import { buildCurlCommand } from "../../sync/dev/curl-command.ts";
import { foldDiagnostics } from "../../sync/dev/fold-diagnostics.ts";
import { buildLoopbackPage } from "../../sync/dev/loopback-page.ts";
import { formatClassHint } from "../../sync/explain/class-hint.ts";
import { renderLine } from "../../sync/runtime/terminal.ts";
import { OPTIONS } from "../support/fixture.ts";
import { buildIngressManifest, buildServiceManifest, withNginxPrefix } from "../support/manifests.ts";

const toRawObjects = (objects: readonly object[]) => objects.map((object) => ({ object, source: "all.yaml:1" }));
const compileObjects = (objects: readonly object[]) =>
  compile(parseCluster(toRawObjects(objects)), { ...OPTIONS, zones: ["."] }).rules;

const ACCESS_LINE = { requestId: "1", method: "GET", scheme: "https", host: "shop.example.com", path: "/cart" };
const format = (fields: object, columns = 80, useColors = false) =>
  formatAccessLine({ ...ACCESS_LINE, ...fields }, columns).map((parts) => renderLine(parts, useColors));

test("An access line for people shows the request, status, time and backend", () => {
  const line = { status: 200, outcome: "routed", backend: "default/shop:80", edgeMs: 3, originMs: 5 };
  assert.deepEqual(format(line), ["GET https://shop.example.com/cart 200 8 ms → default/shop:80"]);
  assert.deepEqual(format({ ...line, status: 302, backend: undefined }), [
    "GET https://shop.example.com/cart 302 8 ms",
  ]);
});

test("An access line for people explains an error below it, within the width of the terminal", () => {
  const line = {
    status: 503,
    outcome: "no-backend",
    reason: "Service default/shop has no external address",
    edgeMs: 1,
  };
  assert.deepEqual(format(line, 42), [
    "GET https://shop.example.com/cart 503 1 ms",
    "  no-backend: Service default/shop has no",
    "  external address",
  ]);
  assert.deepEqual(
    format({ status: 404, outcome: "no-route", edgeMs: 0 }, 200)[1],
    "  no-route: No route matched, or the route has no backend: 404.",
  );
});

test("An access line for people shortens a long URL", () => {
  const [line = ""] = format({
    status: 200,
    outcome: "routed",
    path: `/${"a".repeat(200)}`,
    backend: "default/shop:80",
  });
  assert.equal(line.length, 80);
  assert.match(line, /^GET https:\/\/shop\.example\.com\/a+… 200 0 ms → default\/shop:80$/);
});

test("An access line names the Ingress whose subrequest it is, and escapes control characters", () => {
  const line = { status: 200, outcome: "routed", subrequestOf: "default/gate", path: "/\x1b[2J" };
  assert.deepEqual(format(line), ["GET https://shop.example.com/\\u001b[2J 200 0 ms (for Ingress default/gate)"]);
  assert.match(format(line, 80, true)[0] ?? "", /\x1b\[32m200\x1b\[39m/);
});

const DIAGNOSTIC: Diagnostic = {
  reason: "ServiceNotFound",
  object: "Ingress a/b",
  source: "b.yaml:1",
  field: "spec",
  problem: "Service not found: a/x",
  remedy: "create it",
};

test("Diagnostics of one reason are folded into one line, errors first", () => {
  const note: Diagnostic = { ...DIAGNOSTIC, reason: "IngressClassNotFound", problem: "no class", remedy: "ignore it" };
  assert.deepEqual(foldDiagnostics([note, DIAGNOSTIC, { ...DIAGNOSTIC, object: "Ingress a/c" }, DIAGNOSTIC]), [
    "error ServiceNotFound 3 times (Ingress a/b and 1 more): Service not found: a/x; create it",
    "note Ingress a/b spec: no class; ignore it (IngressClassNotFound, b.yaml:1)",
  ]);
});

const [http, https] = [new URL("http://127.0.0.1:8080"), new URL("https://127.0.0.1:8443")];
const web = buildServiceManifest("web", ["203.0.113.10"]);

test("The curl command has the first route that forwards a plain request", async () => {
  const guard = withNginxPrefix({ "auth-url": "http://auth.example.org/" });
  const redirect = withNginxPrefix({ "force-ssl-redirect": "true" });
  const objects = [
    buildIngressManifest("a", "a.example.com", { "/": "missing" }),
    buildIngressManifest("b", "b.example.com", { "/": "web" }, guard),
    buildIngressManifest("c", "*.c.example.com", { "/cart": "web" }, redirect),
    buildIngressManifest("d", "d.example.com", { "/": "web" }),
    web,
  ];
  assert.equal(
    await buildCurlCommand(compileObjects(objects), http, https),
    "curl -k --resolve any.c.example.com:8443:127.0.0.1 'https://any.c.example.com:8443/cart'",
  );
  assert.equal(await buildCurlCommand(compileObjects(objects.slice(0, 2)), http, https), undefined);
});

test("The page of the local address is absent if the rules serve every host", () => {
  assert.equal(
    buildLoopbackPage(compileObjects([buildIngressManifest("a", undefined, { "/": "web" }), web]), undefined),
    undefined,
  );
  assert.match(buildLoopbackPage(compileObjects([]), undefined) ?? "", /^ {2}none$/m);
});

test("The hint counts the ignored Ingresses of each class, with the option that selects them", () => {
  const withClass = (name: string, ingressClassName: string | undefined) => {
    const ingress = buildIngressManifest(name, `${name}.example.com`, { "/": "web" });
    return { ...ingress, spec: { ...ingress.spec, ingressClassName } };
  };
  const annotated = withClass("d", undefined);
  const objects = [
    withClass("a", "nginx"),
    withClass("b", "nginx"),
    withClass("c", undefined),
    { ...annotated, metadata: { name: "d", annotations: { "kubernetes.io/ingress.class": "traefik" } } },
    withClass("e", "edgress"),
    withClass("f", "kong"),
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "IngressClass",
      metadata: { name: "kong" },
      spec: { controller: "ingress-controllers.konghq.com/kong" },
    },
  ];
  const selector = { ...OPTIONS, watchIngressWithoutClass: false };
  assert.equal(
    formatClassHint(parseCluster(toRawObjects(objects)), selector),
    "5 of 6 Ingresses have another class: 2 of class nginx (--ingress-class nginx), " +
      "1 without a class (--watch-ingress-without-class), 1 of class traefik (--ingress-class traefik), " +
      "1 of class kong (--controller ingress-controllers.konghq.com/kong)",
  );
  assert.equal(formatClassHint(parseCluster(toRawObjects([withClass("e", "edgress")])), selector), undefined);
});
