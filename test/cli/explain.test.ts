import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { explain } from "../../sync/explain/explain.ts";
import { runEdgress } from "../support/edge-cli.ts";
import { buildIngressManifest, buildServiceManifest } from "../support/manifests.ts";
import { sendRequest } from "../support/worker/http-requests.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

const RUNS = 50;
const buildAnnotation = (name: string, value: string) => ({ [`nginx.ingress.kubernetes.io/${name}`]: value });

const cluster = [
  buildIngressManifest("shop", "shop.example.com", { "/": "web", "/cart": "cart", "/gone": "gone" }),
  buildIngressManifest("paths", "paths.example.com", { "/only": "web" }),
  buildIngressManifest("secure", "secure.example.com", { "/": "web" }, buildAnnotation("force-ssl-redirect", "true")),
  buildIngressManifest(
    "rewritten",
    "rewritten.example.com",
    { "/api/(.*)": "web" },
    buildAnnotation("rewrite-target", "/v1/$1"),
  ),
  buildIngressManifest("closed", "closed.example.com", { "/": "web" }, buildAnnotation("rewrite-target", "/{bad}")),
  buildIngressManifest("wild", "*.example.com", { "/": "cart" }),
  buildServiceManifest("web", ["203.0.113.10", "203.0.113.11"]),
  buildServiceManifest("cart", ["203.0.113.12"]),
];

let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "edgress-explain-"));
  await Promise.all(
    cluster.map((object) =>
      writeFile(join(folder, `${object.kind}-${object.metadata.name}.json`), JSON.stringify(object)),
    ),
  );
});

after(() => rm(folder, { recursive: true }));

/** What `edgress explain` prints, less the diagnostics. */
async function runExplain(url: string, ...args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await runEdgress([
    "explain",
    url,
    "--manifests",
    folder,
    "--zone",
    "example.com",
    ...args,
  ]);
  assert.deepEqual([code, stderr], [0, ""]);
  return stdout
    .trimEnd()
    .split("\n")
    .filter((line) => !/^(error|warning|note) /.test(line));
}

describe("edgress explain", () => {
  test("a route that takes the request: what is fetched, and why the others lost", async () => {
    assert.deepEqual(await runExplain("http://shop.example.com/cart/7?a=b"), [
      "response   from-origin (routed)",
      "host       shop.example.com",
      "path       /cart/7",
      "route      default/shop#0.1, prefix /cart, from Ingress-shop.json:1",
      "backend    default/cart:80",
      "origin     203.0.113.12",
      "url        http://shop.example.com/cart/7?a=b",
      "record     edgress-a9fcca236a6b9f61c542d12a.example.com",
      "unmatched  host *.example.com: shop.example.com is more specific",
      "unmatched  default/shop#0.0, prefix /, from Ingress-shop.json:1: matches, but is shorter",
      "unmatched  default/shop#0.2, prefix /gone, from Ingress-shop.json:1: does not match",
    ]);
  });

  test("no route: 404, and what did not match", async () => {
    assert.deepEqual(await runExplain("http://paths.example.com/other"), [
      "response   404 (no-route)",
      "host       paths.example.com",
      "path       /other",
      "unmatched  host *.example.com: paths.example.com is more specific",
      "unmatched  default/paths#0.0, prefix /only, from Ingress-paths.json:1: does not match",
    ]);
  });

  test("no host: 404", async () => {
    assert.deepEqual(await runExplain("http://a.b.example.com/x"), [
      "response   404 (no-route)",
      "host       not found in the rules",
      "path       /x",
    ]);
  });

  test("no host, and Ingresses of another class: 404, and the options that select them", async () => {
    const lines = await runExplain("http://shop.example.com/cart", "--ingress-class", "other");
    assert.equal(
      lines.at(-1),
      "hint       6 of 6 Ingresses have another class (--ingress-class, --controller, --watch-ingress-without-class)",
    );
  });

  test("a redirect", async () => {
    const lines = await runExplain("http://secure.example.com/a?b");
    assert.deepEqual(lines.slice(0, 2), ["response   308 (redirected)", "location   https://secure.example.com/a?b"]);
  });

  test("a path that is rewritten", async () => {
    const lines = await runExplain("http://rewritten.example.com/api/users?a");
    assert.ok(lines.includes("url        http://rewritten.example.com/v1/users?a"), lines.join("\n"));
    assert.ok(lines.includes("origin     203.0.113.10, 203.0.113.11"), lines.join("\n"));
  });

  test("a closed route", async () => {
    const [first] = await runExplain("http://closed.example.com/");
    assert.equal(first, "response   503 (failed-closed: nginx.ingress.kubernetes.io/rewrite-target is invalid)");
  });

  test("a route without a Service", async () => {
    const [first] = await runExplain("http://shop.example.com/gone");
    assert.equal(first, "response   503 (no-backend: Service not found: default/gone)");
  });

  test("as JSON", async () => {
    const { route, status, outcome, unmatchedRoutes, diagnostics, ...rest } = JSON.parse(
      (await runExplain("http://secure.example.com/", "--json")).join("\n"),
    ) as Record<string, unknown>;
    assert.deepEqual(
      { status, outcome, route },
      {
        status: 308,
        outcome: "redirected",
        route: { id: "default/secure#0.0", match: { type: "prefix", path: "/" }, backend: "default/web:80" },
      },
    );
    assert.deepEqual(unmatchedRoutes, [{ id: "*.example.com", reason: "secure.example.com is more specific" }]);
    assert.ok(Array.isArray(diagnostics));
    assert.equal(rest.location, "https://secure.example.com");
    assert.equal(rest.source, "Ingress-secure.json:1");
  });

  for (const [what, args, line] of [
    ["a URL that is none", ["shop"], /^edgress: URL is invalid: "shop"\. Write it like \S+\n$/],
    [
      "a header that is none",
      ["http://a.example.com/", "-H", "x"],
      /^edgress: header is invalid: "x"\. Write it like "Name: value"\n$/,
    ],
    [
      "no folder",
      ["http://a.example.com/", "--manifests", "nowhere"],
      /^edgress: --manifests is not a readable folder: nowhere\. /,
    ],
    [
      "a method that is none",
      ["http://a.example.com/", "-X", "GE T"],
      /^edgress: request is invalid: 'GE T' is not a valid HTTP method\.\n$/,
    ],
    ["a host that is none", ["http://[/"], /^edgress: URL is invalid: "http:\/\/\[\/"\. Write it like \S+\n$/],
  ] as const) {
    test(`${what} is one line and exit code 2`, async () => {
      const { code, stdout, stderr } = await runEdgress(["explain", "--manifests", folder, ...args]);
      assert.match(stderr, line);
      assert.deepEqual([code, stdout], [2, ""]);
    });
  }
});

describe("explain and the edge", () => {
  let edge: WorkerHarness;
  const seen: string[] = [];

  before(async () => {
    edge = await startWorkerHarness();
    for (const address of ["203.0.113.1:80", "203.0.113.2:80"]) {
      await edge.startOrigin(address, (request, response) => {
        seen.push(`http://${request.headers.host}${request.url}`);
        response.end();
      });
    }
  });

  after(() => edge.close());

  const segment = fc.constantFrom("a", "b", "ab", "A", "a%20b", "a.b", "(.*)", "[a-b]+", "é");
  const path = fc.array(segment, { maxLength: 3 }).map((segments) => `/${segments.join("/")}`);
  const host = fc.constantFrom("a.example.com", "b.example.com", "*.example.com", undefined);
  const annotations = fc.constantFrom<Record<string, string>>(
    {},
    {},
    buildAnnotation("rewrite-target", "/new/$1"),
    buildAnnotation("rewrite-target", "/{bad}"),
    buildAnnotation("use-regex", "true"),
    buildAnnotation("force-ssl-redirect", "true"),
    buildAnnotation("app-root", "/app"),
    { "ingress.kubernetes.io/rewrite-target": "/old" },
  );
  const backend = fc.constantFrom("one", "two", "missing");
  const ingresses = fc
    .array(fc.tuple(host, fc.dictionary(path, backend, { minKeys: 1, maxKeys: 3 }), annotations), {
      minLength: 1,
      maxLength: 3,
    })
    .map((all) => all.map(([of, paths, notes], index) => buildIngressManifest(`i${index}`, of, paths, notes)));
  const asked = fc.tuple(
    fc.constantFrom("a.example.com", "B.example.com:80", "c.example.com", "a.b.example.com", "192.0.2.1"),
    fc
      .array(fc.constantFrom("a", "b", "ab", "A", "a%20b", "a.b", "..", ".", "%2e%2e", "", "%zz", "x%5Cy", "new"), {
        maxLength: 4,
      })
      .map((segments) => `/${segments.join("/")}`),
    fc.constantFrom("", "?q=1", "?"),
  );

  test("say the same of every request: status, route, backend, Location, and the URL that the origin is asked for", async () => {
    let number = 0;
    await fc.assert(
      fc.asyncProperty(ingresses, fc.array(asked, { minLength: 3, maxLength: 6 }), async (objects, requests) => {
        const services = [buildServiceManifest("one", ["203.0.113.1"]), buildServiceManifest("two", ["203.0.113.2"])];
        const { rules } = await edge.publish([...objects, ...services]);
        for (const [name, target, query] of requests) {
          const url = `http://${name}${target}${query}`;
          const expected = await explain(rules, { url, method: "GET", headers: [] });
          const id = `property-${++number}`;
          seen.length = 0;
          const answered = await sendRequest(edge, url, { headers: { "X-Request-ID": id } });
          const line = await edge.waitForAccessLine(id);
          assert.deepEqual(
            {
              status: answered.status,
              outcome: line.outcome,
              route: line.route,
              backend: line.backend,
              location: answered.headers.location,
              asked: seen,
            },
            {
              status: expected.status === "from-origin" ? 200 : expected.status,
              outcome: expected.outcome,
              route: expected.route?.id,
              backend: expected.route?.backend,
              location: expected.location,
              asked: expected.origin ? [new URL(expected.origin.url).href] : [],
            },
            url,
          );
        }
      }),
      { numRuns: RUNS },
    );
  });
});
