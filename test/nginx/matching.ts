// Run by `npm run test:nginx`, which needs a real nginx: the edge must match and rewrite paths like nginx.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import fc from "fast-check";
import { startEchoServers } from "../../sync/local/echo/echo.ts";
import { buildServiceManifest } from "../support/manifests.ts";
import { observeOutcome } from "../support/worker/observed-outcome.ts";
import { startWorkerHarness } from "../support/worker/worker-harness.ts";
import { startNginx } from "./nginx.ts";

const RUNS = 2000;

interface NginxPath {
  readonly path: string;
  readonly type: "Exact" | "Prefix" | "ImplementationSpecific";
  readonly service: string;
  /** rewrite-target of the path's Ingress. */
  readonly rewriteTarget?: string;
}

const plainPaths: readonly NginxPath[] = [
  { path: "/", type: "Prefix", service: "root" },
  { path: "/foo", type: "Prefix", service: "foo" },
  { path: "/foo/bar", type: "Prefix", service: "deep" },
  { path: "/foo", type: "Exact", service: "exact" },
  { path: "/x.y/z", type: "Exact", service: "dotted" },
  { path: "/café", type: "Prefix", service: "accent" },
];

const rewriteTarget = "/t/$2$1";
/** As ingress-nginx writes them, the longest first. */
const regexPaths: readonly NginxPath[] = [
  { path: "/foo/bar/[A-Z0-9]{3}", type: "ImplementationSpecific", service: "class", rewriteTarget },
  { path: "/something(/|$)(.*)", type: "ImplementationSpecific", service: "groups", rewriteTarget },
  { path: "/foo/bar/bar", type: "ImplementationSpecific", service: "longer", rewriteTarget },
  { path: "/Exact.html", type: "Exact", service: "exact" },
  { path: "/v[0-9]+/(.*)", type: "ImplementationSpecific", service: "version", rewriteTarget },
  { path: "/plain", type: "Prefix", service: "plain" },
];

const words = ["foo", "bar", "FOO", "something", "SOMETHING", "v1", "v22", "abc", "x.y", "z", "plain", "Exact.html"];
const oddSegments = [
  "exacthtml",
  ".",
  "..",
  "%2e",
  "%2F",
  "%20",
  "%25",
  "%3F",
  "%C3%A9",
  "caf%C3%A9",
  "caf%c3%a9",
  "%7C",
  "%41",
];
const specialCharacters = ["/", "/", "/", "+", "~", "a:b", "(x)", "$1", ";", "=", "@", ",", "%FF", "!", "*", "'"];
const queries = ["", "", "?q=1", "?a=%2F&b", "?x=/../y", "??"];

const requests = fc.record({
  host: fc.constantFrom("plain.example.com", "expressions.example.com"),
  path: fc
    .array(fc.constantFrom(...words, ...oddSegments, ...specialCharacters), { maxLength: 7 })
    .map((parts) => `/${parts.join("")}`),
  query: fc.constantFrom(...queries),
});

test("The edge matches every path like nginx, and sends the origin the same path", async () => {
  const services = [...new Set([...plainPaths, ...regexPaths].map(({ service }) => service))];
  const echoes = await startEchoServers(services.map((service) => `default/${service}:80`));
  after(() => Promise.all(echoes.map((echo) => echo.close())));
  const addresses = new Map(services.map((service, index) => [service, echoes[index]?.address ?? ""]));
  const nginx = await startNginx([buildPlainServer(addresses), buildRegexServer(addresses)]);
  after(() => nginx.close());
  const edge = await startWorkerHarness({ echoOrigins: true });
  after(() => edge.close());
  await edge.publish(buildNginxObjects(services));

  const property = fc.asyncProperty(requests, async ({ host, path, query }) => {
    const nginxResponse = await nginx.sendRequest(host, path + query);
    const edgeOutcome = await observeOutcome(edge, {
      method: "GET",
      url: `http://${host}${path}${query}`,
      headers: [],
    });
    const nginxOrigin =
      nginxResponse.status === 200 ? (JSON.parse(nginxResponse.body) as { backend: string; path: string }) : undefined;
    assert.deepEqual(
      edgeOutcome.destination,
      nginxOrigin ? { backend: nginxOrigin.backend } : { status: nginxResponse.status },
    );
    // nginx forwards dot segments; a Worker's fetch resolves them.
    if (!hasDotSegments(path)) assert.equal(edgeOutcome.originRequest?.path, nginxOrigin?.path);
  });
  await fc.assert(property, { numRuns: RUNS });
});

function hasDotSegments(path: string): boolean {
  return /\/(?:\.|%2e){1,2}(?:\/|%2f|$)/i.test(path);
}

/** Returns plain paths as ingress-nginx writes them: a prefix matches itself and everything below it. */
function buildPlainServer(addresses: ReadonlyMap<string, string>): string {
  const exactPaths = new Set(plainPaths.filter(({ type }) => type === "Exact").map(({ path }) => path));
  const locations = plainPaths.flatMap(({ path, type, service }) => {
    const directives = buildProxyDirectives(addresses.get(service));
    if (type === "Exact") return [`location = "${path}" { ${directives} }`];
    if (path === "/") return [`location "/" { ${directives} }`];
    const exactLocation = exactPaths.has(path) ? [] : [`location = "${path}" { ${directives} }`];
    return [`location "${path}/" { ${directives} }`, ...exactLocation];
  });
  return `server { server_name plain.example.com; ${locations.join("\n")} }`;
}

function buildRegexServer(addresses: ReadonlyMap<string, string>): string {
  const locations = regexPaths.map((entry) => {
    const rewrite =
      entry.rewriteTarget === undefined ? "" : `rewrite "(?i)${entry.path}" ${entry.rewriteTarget} break;`;
    return `location ~* "^${entry.path}" { ${rewrite} ${buildProxyDirectives(addresses.get(entry.service))} }`;
  });
  return `server { server_name expressions.example.com; ${locations.join("\n")} location ~* "^/" { return 404; } }`;
}

function buildProxyDirectives(address: string | undefined): string {
  return `proxy_set_header Host $http_host; proxy_pass http://${address};`;
}

function buildNginxObjects(services: readonly string[]): object[] {
  return [
    ...services.map((name, index) => buildServiceManifest(name, [`203.0.113.${index + 1}`])),
    buildPathsIngress("plain", "plain.example.com", plainPaths),
    buildPathsIngress(
      "rewritten",
      "expressions.example.com",
      regexPaths.filter((entry) => entry.rewriteTarget !== undefined),
    ),
    buildPathsIngress(
      "plain-of-regex-host",
      "expressions.example.com",
      regexPaths.filter((entry) => entry.rewriteTarget === undefined),
    ),
  ];
}

function buildPathsIngress(name: string, host: string, paths: readonly NginxPath[]): object {
  const nginx = "nginx.ingress.kubernetes.io";
  const hasRewrite = paths.some((entry) => entry.rewriteTarget !== undefined);
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name, annotations: hasRewrite ? { [`${nginx}/rewrite-target`]: rewriteTarget } : {} },
    spec: {
      rules: [
        {
          host,
          http: {
            paths: paths.map(({ path, type, service }) => ({
              path,
              pathType: type,
              backend: { service: { name: service, port: { number: 80 } } },
            })),
          },
        },
      ],
    },
  };
}
