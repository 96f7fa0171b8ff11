import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { convertYaml, ingressYaml } from "./convert-objects.ts";

const NGINX = "nginx.ingress.kubernetes.io";
const BACKEND = [{ name: "cart", port: 80 }];
const ROOT = [{ path: { type: "PathPrefix", value: "/" } }];
const REGEX_ROOT = [{ path: { type: "RegularExpression", value: "(?i)/.*" } }];

describe("An annotation with a counterpart", () => {
  const rows: readonly [annotations: string, rules: readonly unknown[]][] = [
    [`${NGINX}/ssl-redirect: "true"`, [{ matches: ROOT, backendRefs: BACKEND }]],
    [
      `${NGINX}/rewrite-target: /new`,
      [
        {
          matches: REGEX_ROOT,
          filters: [{ type: "URLRewrite", urlRewrite: { path: { type: "ReplaceFullPath", replaceFullPath: "/new" } } }],
          backendRefs: BACKEND,
        },
      ],
    ],
    [
      `ingress.kubernetes.io/rewrite-target: /new`,
      [
        {
          matches: ROOT,
          filters: [
            { type: "URLRewrite", urlRewrite: { path: { type: "ReplacePrefixMatch", replacePrefixMatch: "/new" } } },
          ],
          backendRefs: BACKEND,
        },
      ],
    ],
    [
      `${NGINX}/rewrite-target: /new, ${NGINX}/x-forwarded-prefix: /old`,
      [
        {
          matches: REGEX_ROOT,
          filters: [
            {
              type: "RequestHeaderModifier",
              requestHeaderModifier: { set: [{ name: "X-Forwarded-Prefix", value: "/old" }] },
            },
            { type: "URLRewrite", urlRewrite: { path: { type: "ReplaceFullPath", replaceFullPath: "/new" } } },
          ],
          backendRefs: BACKEND,
        },
      ],
    ],
    [`${NGINX}/use-regex: "true"`, [{ matches: REGEX_ROOT, backendRefs: BACKEND }]],
    [
      `${NGINX}/app-root: /app`,
      [
        {
          matches: [{ path: { type: "Exact", value: "/" } }],
          filters: [
            {
              type: "RequestRedirect",
              requestRedirect: { path: { type: "ReplaceFullPath", replaceFullPath: "/app" }, statusCode: 302 },
            },
          ],
        },
        { matches: ROOT, backendRefs: BACKEND },
      ],
    ],
    [
      `${NGINX}/permanent-redirect: "https://WWW.example.com:8443/new", ${NGINX}/permanent-redirect-code: "308"`,
      [
        {
          matches: ROOT,
          filters: [
            {
              type: "RequestRedirect",
              requestRedirect: {
                scheme: "https",
                hostname: "www.example.com",
                port: 8443,
                path: { type: "ReplaceFullPath", replaceFullPath: "/new" },
                statusCode: 308,
              },
            },
          ],
        },
      ],
    ],
    [
      `${NGINX}/temporal-redirect: "https://b.example.com", ${NGINX}/permanent-redirect: "https://c.example.com"`,
      [
        {
          matches: ROOT,
          filters: [
            {
              type: "RequestRedirect",
              requestRedirect: {
                scheme: "https",
                hostname: "b.example.com",
                path: { type: "ReplaceFullPath", replaceFullPath: "/" },
                statusCode: 302,
              },
            },
          ],
        },
      ],
    ],
    [
      `${NGINX}/upstream-vhost: inner.example.com`,
      [
        {
          matches: ROOT,
          filters: [{ type: "URLRewrite", urlRewrite: { hostname: "inner.example.com" } }],
          backendRefs: BACKEND,
        },
      ],
    ],
    [
      `${NGINX}/enable-cors: "true", ${NGINX}/cors-allow-origin: "https://a.example.com", ${NGINX}/cors-allow-methods: "GET, PUT", ${NGINX}/cors-allow-headers: X-A, ${NGINX}/cors-expose-headers: "X-B, X-C", ${NGINX}/cors-allow-credentials: "false", ${NGINX}/cors-max-age: "60"`,
      [
        {
          matches: ROOT,
          filters: [
            {
              type: "CORS",
              cors: {
                allowOrigins: ["https://a.example.com"],
                allowMethods: ["GET", "PUT"],
                allowHeaders: ["X-A"],
                exposeHeaders: ["X-B", "X-C"],
                allowCredentials: false,
                maxAge: 60,
              },
            },
          ],
          backendRefs: BACKEND,
        },
      ],
    ],
  ];
  for (const [annotations, rules] of rows) {
    test(`The annotations ${annotations.replaceAll(`${NGINX}/`, "")} become fields of an HTTPRoute`, () => {
      const { routes, keptIngresses } = convertYaml(ingressYaml(annotations));
      assert.deepEqual(routes[0]?.spec.rules, rules);
      assert.equal(routes[0]?.metadata.annotations, undefined);
      assert.deepEqual(keptIngresses, []);
    });
  }
});

test("An annotation without a counterpart keeps its effect under edgress.dev/, with the first prefix that is set", () => {
  const annotations = `${NGINX}/whitelist-source-range: 192.0.2.0/24, edgress.dev/limit-rps: "5", ${NGINX}/limit-rps: "9", ${NGINX}/auth-url: "https://a.example.com"`;
  const { routes } = convertYaml(ingressYaml(annotations));
  assert.deepEqual(routes[0]?.metadata.annotations, {
    "edgress.dev/whitelist-source-range": "192.0.2.0/24",
    "edgress.dev/limit-rps": "5",
    "edgress.dev/auth-url": "https://a.example.com",
  });
});

describe("An annotation that a filter cannot express stays an annotation", () => {
  for (const annotation of [
    "permanent-redirect: https://a.example.com$request_uri",
    "permanent-redirect: https://a.example.com/?a=b",
    "temporal-redirect-code: '300', nginx.ingress.kubernetes.io/temporal-redirect: https://a.example.com",
    "upstream-vhost: $host",
    "use-port-in-redirects: 'true', nginx.ingress.kubernetes.io/force-ssl-redirect: 'true'",
  ]) {
    test(`It holds for ${annotation}`, () => {
      const { routes } = convertYaml(ingressYaml(`${NGINX}/${annotation}`, { tls: true }));
      const [name = ""] = annotation.split(":");
      assert.ok(Object.hasOwn(routes[0]?.metadata.annotations ?? {}, `edgress.dev/${name}`));
      assert.deepEqual(routes[0]?.spec.rules[0]?.filters, undefined);
    });
  }
});

describe("An Ingress with a part that has no counterpart stays as it is, and says why", () => {
  const rows: readonly [annotation: string, gap: RegExp][] = [
    ["rewrite-target: /$1", /rewrite-target\]: a URLRewrite has no groups/],
    ["rewrite-target: https://a.example.com/", /rewrite-target\]: a URLRewrite is not a redirect/],
    ["backend-protocol: HTTPS", /backend-protocol\]: set appProtocol/],
    ["app-root: /$host", /app-root\]: a RequestRedirect has no variables/],
    ["whitelist-source-range: nonsense", /metadata\.annotations: .*whitelist-source-range/],
  ];
  for (const [annotation, gap] of rows) {
    test(`It holds for ${annotation}`, () => {
      const { routes, keptIngresses, gaps } = convertYaml(ingressYaml(`${NGINX}/${annotation}`));
      assert.deepEqual(routes, []);
      assert.deepEqual(keptIngresses, ["shop/cart"]);
      assert.match(gaps.map(({ object, field, problem }) => `${object} ${field}: ${problem}`).join("\n"), gap);
    });
  }
});
