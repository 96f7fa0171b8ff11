import assert from "node:assert/strict";
import { test } from "node:test";
import { convertYaml, ingressYaml } from "./convert-objects.ts";

const NGINX = "nginx.ingress.kubernetes.io";
const PARENT = { name: "web", namespace: "infra" };

test("A host without a certificate has one route for both schemes", () => {
  assert.deepEqual(convertYaml(ingressYaml("")).routes, [
    {
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "HTTPRoute",
      metadata: { name: "cart", namespace: "shop" },
      spec: {
        parentRefs: [PARENT],
        hostnames: ["cart.example.com"],
        rules: [{ matches: [{ path: { type: "PathPrefix", value: "/" } }], backendRefs: [{ name: "cart", port: 80 }] }],
      },
    },
  ]);
});

test("A host with a certificate redirects http to https before the guards, except for ACME challenges", () => {
  const guard = `${NGINX}/whitelist-source-range: 192.0.2.0/24`;
  const path = (value: string, name: string) =>
    `{ path: ${value}, pathType: Prefix, backend: { service: { name: ${name}, port: { number: 80 } } } }`;
  const { routes } = convertYaml(
    ingressYaml(guard, { tls: true }).replace(
      /paths: .*/,
      `paths: [${path("/", "cart")}, ${path("/.well-known/acme-challenge/", "acme")}]`,
    ),
  );
  assert.deepEqual(
    routes.map(({ metadata, spec }) => [metadata.name, spec.parentRefs, spec.rules.map(({ filters }) => filters)]),
    [
      ["cart", [{ ...PARENT, sectionName: "https" }], [undefined, undefined]],
      [
        "cart-2",
        [{ ...PARENT, sectionName: "http" }],
        [[{ type: "RequestRedirect", requestRedirect: { scheme: "https", statusCode: 308 } }], undefined],
      ],
    ],
  );
  assert.deepEqual(routes[1]?.metadata.annotations, { "edgress.dev/whitelist-source-range": "192.0.2.0/24" });
  const [, redirect] = convertYaml(ingressYaml(guard, { tls: true })).routes;
  assert.equal(redirect?.metadata.annotations, undefined);
});

test("A certificate does not redirect if ssl-redirect is false", () => {
  const { routes } = convertYaml(ingressYaml(`${NGINX}/ssl-redirect: "false"`, { tls: true }));
  assert.deepEqual(
    routes.map(({ spec }) => spec.parentRefs),
    [[PARENT]],
  );
});

test("A canary becomes a weight and rules for its header", () => {
  const canary = `${NGINX}/canary: "true", ${NGINX}/canary-weight: "20", ${NGINX}/canary-by-header: X-Next`;
  const text = [ingressYaml(""), ingressYaml(canary, { name: "next", service: "next" })].join("---\n");
  const { routes, gaps } = convertYaml(text);
  const path = { type: "PathPrefix", value: "/" };
  assert.equal(routes.length, 1);
  assert.deepEqual(gaps, []);
  assert.deepEqual(routes[0]?.spec.rules, [
    {
      matches: [{ path, headers: [{ name: "X-Next", value: "always" }] }],
      backendRefs: [{ name: "next", port: 80 }],
    },
    { matches: [{ path, headers: [{ name: "X-Next", value: "never" }] }], backendRefs: [{ name: "cart", port: 80 }] },
    {
      matches: [{ path }],
      backendRefs: [
        { name: "cart", port: 80, weight: 80 },
        { name: "next", port: 80, weight: 20 },
      ],
    },
  ]);
});

test("A canary by cookie stays an Ingress, and its primary too", () => {
  const canary = `${NGINX}/canary: "true", ${NGINX}/canary-by-cookie: next`;
  const text = [ingressYaml(""), ingressYaml(canary, { name: "next", service: "next" })].join("---\n");
  const { routes, keptIngresses } = convertYaml(text);
  assert.deepEqual(routes, []);
  assert.deepEqual([...keptIngresses].sort(), ["shop/cart", "shop/next"]);
});

test("One regex path makes all paths of its host regexes, of other Ingresses too", () => {
  const text = [
    ingressYaml("", { path: "/a/" }),
    ingressYaml(`${NGINX}/use-regex: "true"`, { name: "regex", path: "/b[0-9]+" }),
  ].join("---\n");
  const values = convertYaml(text).routes.flatMap(({ spec }) => spec.rules.flatMap(({ matches }) => matches));
  assert.deepEqual(values.map(({ path }) => path.value).sort(), ["(?i)/a/.*", "(?i)/b[0-9]+.*"]);
});

test("Further names become hostnames and redirects", () => {
  const { routes } = convertYaml(
    ingressYaml(`${NGINX}/server-alias: b.example.com, ${NGINX}/from-to-www-redirect: "true"`),
  );
  assert.deepEqual(
    routes.map(({ spec }) => [spec.hostnames, spec.rules[0]?.filters]),
    [
      [["cart.example.com", "b.example.com"], undefined],
      [
        ["www.cart.example.com"],
        [{ type: "RequestRedirect", requestRedirect: { hostname: "cart.example.com", statusCode: 308 } }],
      ],
    ],
  );
});

test("A named port becomes the number of the Service's port, and an unknown one keeps the Ingress", () => {
  const text = ingressYaml("").replace("number: 80", "name: web");
  const service = `apiVersion: v1
kind: Service
metadata: { name: cart, namespace: shop }
spec: { ports: [{ name: web, port: 8080 }] }
`;
  assert.deepEqual(convertYaml(`${text}---\n${service}`).routes[0]?.spec.rules[0]?.backendRefs, [
    { name: "cart", port: 8080 },
  ]);
  assert.deepEqual(convertYaml(text).keptIngresses, ["shop/cart"]);
});

test("A default backend serves unmatched paths, and all hosts if the Ingress has no rules", () => {
  const fallback = "spec:\n  defaultBackend: { service: { name: fallback, port: { number: 80 } } }";
  const { routes } = convertYaml(ingressYaml("", { path: "/a" }).replace("spec:", fallback));
  assert.deepEqual(
    routes[0]?.spec.rules.map(({ matches, backendRefs }) => [matches[0]?.path.value, backendRefs?.[0]?.name]),
    [
      ["/a", "cart"],
      ["/", "fallback"],
    ],
  );
  const alone = convertYaml(ingressYaml("").replace(/spec:[\s\S]*/, `${fallback}\n`)).routes;
  assert.deepEqual(
    alone.map(({ spec }) => [spec.hostnames, spec.rules[0]?.backendRefs]),
    [[undefined, [{ name: "fallback", port: 80 }]]],
  );
});

test("An Ingress whose class has default annotations stays as it is", () => {
  const text = `${ingressYaml("").replace("spec:\n", "spec:\n  ingressClassName: nginx\n")}---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: { name: nginx }
spec: { controller: k8s.io/ingress-nginx, parameters: { kind: ConfigMap, name: d, namespace: e, scope: Namespace } }
`;
  assert.deepEqual(convertYaml(text).keptIngresses, ["shop/cart"]);
});

test("A route with more than 16 paths is split", () => {
  const paths = Array.from(
    { length: 17 },
    (_, index) => `{ path: /${index}, pathType: Exact, backend: { service: { name: cart, port: { number: 80 } } } }`,
  );
  const { routes } = convertYaml(ingressYaml("").replace(/paths: .*/, `paths: [${paths.join(", ")}]`));
  assert.deepEqual(
    routes.map(({ metadata, spec }) => [metadata.name, spec.rules.length]),
    [
      ["cart", 16],
      ["cart-2", 1],
    ],
  );
});
