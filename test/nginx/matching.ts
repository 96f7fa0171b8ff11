// Run by `npm run test:nginx`, which wants a real nginx: what it makes of a path is what the edge must make of it.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import fc from "fast-check";
import { clusterOf } from "../../sync/collect/objects.ts";
import { startEchoes } from "../../sync/dev/echo.ts";
import { startEdge } from "../support/fixture-edge.ts";
import { startNginx } from "./nginx.ts";

const RUNS = 2000;

interface Path {
  readonly path: string;
  readonly type: "Exact" | "Prefix" | "ImplementationSpecific";
  readonly service: string;
  /** rewrite-target of the path's Ingress. */
  readonly target?: string;
}

const plain: readonly Path[] = [
  { path: "/", type: "Prefix", service: "root" },
  { path: "/foo", type: "Prefix", service: "foo" },
  { path: "/foo/bar", type: "Prefix", service: "deep" },
  { path: "/foo", type: "Exact", service: "exact" },
  { path: "/x.y/z", type: "Exact", service: "dotted" },
  { path: "/café", type: "Prefix", service: "accent" },
];

const target = "/t/$2$1";
/** As ingress-nginx writes them, the longest first. */
const expressions: readonly Path[] = [
  { path: "/foo/bar/[A-Z0-9]{3}", type: "ImplementationSpecific", service: "class", target },
  { path: "/something(/|$)(.*)", type: "ImplementationSpecific", service: "groups", target },
  { path: "/foo/bar/bar", type: "ImplementationSpecific", service: "longer", target },
  { path: "/Exact.html", type: "Exact", service: "exact" },
  { path: "/v[0-9]+/(.*)", type: "ImplementationSpecific", service: "version", target },
  { path: "/plain", type: "Prefix", service: "plain" },
];

const words = ["foo", "bar", "FOO", "something", "SOMETHING", "v1", "v22", "abc", "x.y", "z", "plain", "Exact.html"];
const odd = [
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
const signs = ["/", "/", "/", "+", "~", "a:b", "(x)", "$1", ";", "=", "@", ",", "%FF", "!", "*", "'"];
const queries = ["", "", "?q=1", "?a=%2F&b", "?x=/../y", "??"];

const requests = fc.record({
  host: fc.constantFrom("plain.example.com", "expressions.example.com"),
  path: fc.array(fc.constantFrom(...words, ...odd, ...signs), { maxLength: 7 }).map((parts) => `/${parts.join("")}`),
  query: fc.constantFrom(...queries),
});

test("the edge takes every path as nginx does, and asks the origin for the same", async () => {
  const services = [...new Set([...plain, ...expressions].map(({ service }) => service))];
  const echoes = await startEchoes(services.map((service) => `default/${service}:80`));
  after(() => Promise.all(echoes.map((echo) => echo.close())));
  const addresses = new Map(services.map((service, index) => [service, echoes[index]?.address ?? ""]));
  const nginx = await startNginx([plainServer(addresses), expressionServer(addresses)]);
  after(() => nginx.close());
  const edge = await startEdge(["example.com"]);
  after(() => edge.close());
  await edge.serve(cluster(services));

  const agree = fc.asyncProperty(requests, async ({ host, path, query }) => {
    const there = await nginx.ask(host, path + query);
    const here = await edge.ask({ method: "GET", url: `http://${host}${path}${query}`, headers: [] });
    const reached = there.status === 200 ? (JSON.parse(there.body) as { backend: string; path: string }) : undefined;
    assert.deepEqual(here.end, reached ? { backend: reached.backend } : { status: there.status });
    // nginx passes dot segments on; a Worker's fetch resolves them.
    if (!hasDots(path)) assert.equal(here.asked?.path, reached?.path);
  });
  await fc.assert(agree, { numRuns: RUNS });
});

function hasDots(path: string): boolean {
  return /\/(?:\.|%2e){1,2}(?:\/|%2f|$)/i.test(path);
}

/** Plain paths as ingress-nginx writes them: a prefix is itself and what lies below it. */
function plainServer(addresses: ReadonlyMap<string, string>): string {
  const exact = new Set(plain.filter(({ type }) => type === "Exact").map(({ path }) => path));
  const locations = plain.flatMap(({ path, type, service }) => {
    const proxied = proxyTo(addresses.get(service));
    if (type === "Exact") return [`location = "${path}" { ${proxied} }`];
    if (path === "/") return [`location "/" { ${proxied} }`];
    const itself = exact.has(path) ? [] : [`location = "${path}" { ${proxied} }`];
    return [`location "${path}/" { ${proxied} }`, ...itself];
  });
  return `server { server_name plain.example.com; ${locations.join("\n")} }`;
}

function expressionServer(addresses: ReadonlyMap<string, string>): string {
  const locations = expressions.map((entry) => {
    const rewrite = entry.target === undefined ? "" : `rewrite "(?i)${entry.path}" ${entry.target} break;`;
    return `location ~* "^${entry.path}" { ${rewrite} ${proxyTo(addresses.get(entry.service))} }`;
  });
  return `server { server_name expressions.example.com; ${locations.join("\n")} location ~* "^/" { return 404; } }`;
}

function proxyTo(address: string | undefined): string {
  return `proxy_set_header Host $http_host; proxy_pass http://${address};`;
}

function cluster(services: readonly string[]) {
  const objects = [
    ...services.map((name, index) => ({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name },
      spec: { externalIPs: [`203.0.113.${index + 1}`], ports: [{ port: 80 }] },
    })),
    ingress("plain", "plain.example.com", plain),
    ingress(
      "rewritten",
      "expressions.example.com",
      expressions.filter((entry) => entry.target !== undefined),
    ),
    ingress(
      "beside",
      "expressions.example.com",
      expressions.filter((entry) => entry.target === undefined),
    ),
  ];
  return clusterOf(objects.map((object) => ({ object, source: "test" })));
}

function ingress(name: string, host: string, paths: readonly Path[]): object {
  const nginx = "nginx.ingress.kubernetes.io";
  const rewritten = paths.some((entry) => entry.target !== undefined);
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name, annotations: rewritten ? { [`${nginx}/rewrite-target`]: target } : {} },
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
