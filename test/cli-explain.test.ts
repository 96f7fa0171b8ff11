import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { explain } from "../sync/explain/explain.ts";
import { ask, type Edge, ingress, service, startEdge } from "./support/edge.ts";
import { edgress } from "./support/edge-cli.ts";

const RUNS = 50;
const annotated = (name: string, value: string) => ({ [`nginx.ingress.kubernetes.io/${name}`]: value });

const cluster = [
  ingress("shop", "shop.example.com", { "/": "web", "/cart": "cart", "/gone": "gone" }),
  ingress("paths", "paths.example.com", { "/only": "web" }),
  ingress("secure", "secure.example.com", { "/": "web" }, annotated("force-ssl-redirect", "true")),
  ingress("rewritten", "rewritten.example.com", { "/api/(.*)": "web" }, annotated("rewrite-target", "/v1/$1")),
  ingress("closed", "closed.example.com", { "/": "web" }, annotated("rewrite-target", "/{bad}")),
  ingress("wild", "*.example.com", { "/": "cart" }),
  service("web", ["203.0.113.10", "203.0.113.11"]),
  service("cart", ["203.0.113.12"]),
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
async function explained(url: string, ...args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await edgress([
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
    assert.deepEqual(await explained("http://shop.example.com/cart/7?a=b"), [
      "answer   the origin's (routed)",
      "host     shop.example.com",
      "path     /cart/7",
      "route    default/shop#0.1, prefix /cart, from Ingress-shop.json:1",
      "backend  default/cart:80",
      "origin   203.0.113.12",
      "fetches  http://shop.example.com/cart/7?a=b",
      "connects edgress-a9fcca236a6b9f61c542d12a.example.com",
      "lost     host *.example.com: shop.example.com is the more exact host",
      "lost     default/shop#0.0, prefix /, from Ingress-shop.json:1: matches, but is shorter",
      "lost     default/shop#0.2, prefix /gone, from Ingress-shop.json:1: does not match",
    ]);
  });

  test("no route: 404, and what did not match", async () => {
    assert.deepEqual(await explained("http://paths.example.com/other"), [
      "answer   404 (no-route)",
      "host     paths.example.com",
      "path     /other",
      "lost     host *.example.com: paths.example.com is the more exact host",
      "lost     default/paths#0.0, prefix /only, from Ingress-paths.json:1: does not match",
    ]);
  });

  test("no host: 404", async () => {
    assert.deepEqual(await explained("http://a.b.example.com/x"), [
      "answer   404 (no-route)",
      "host     none of the rules names it",
      "path     /x",
    ]);
  });

  test("a redirect", async () => {
    const lines = await explained("http://secure.example.com/a?b");
    assert.deepEqual(lines.slice(0, 2), ["answer   308 (redirected)", "location https://secure.example.com/a?b"]);
  });

  test("a path that is rewritten", async () => {
    const lines = await explained("http://rewritten.example.com/api/users?a");
    assert.ok(lines.includes("fetches  http://rewritten.example.com/v1/users?a"), lines.join("\n"));
    assert.ok(lines.includes("origin   203.0.113.10, 203.0.113.11"), lines.join("\n"));
  });

  test("a closed route", async () => {
    const [first] = await explained("http://closed.example.com/");
    assert.equal(first, "answer   503 (closed: nginx.ingress.kubernetes.io/rewrite-target cannot be read)");
  });

  test("a route without a Service", async () => {
    const [first] = await explained("http://shop.example.com/gone");
    assert.equal(first, "answer   503 (backend-missing: there is no Service default/gone)");
  });

  test("as JSON", async () => {
    const { route, status, outcome, lost, diagnostics, ...rest } = JSON.parse(
      (await explained("http://secure.example.com/", "--json")).join("\n"),
    ) as Record<string, unknown>;
    assert.deepEqual(
      { status, outcome, route },
      {
        status: 308,
        outcome: "redirected",
        route: { id: "default/secure#0.0", match: { type: "prefix", path: "/" }, backend: "default/web:80" },
      },
    );
    assert.deepEqual(lost, [{ id: "*.example.com", why: "secure.example.com is the more exact host" }]);
    assert.ok(Array.isArray(diagnostics));
    assert.equal(rest.location, "https://secure.example.com");
    assert.equal(rest.source, "Ingress-secure.json:1");
  });

  for (const [what, args, line] of [
    ["a URL that is none", ["shop"], /^edgress: expected a URL such as \S+, got "shop"\n$/],
    [
      "a header that is none",
      ["http://a.example.com/", "-H", "x"],
      /^edgress: expected a header "Name: value", got "x"\n$/,
    ],
    ["no folder", ["http://a.example.com/", "--manifests", "nowhere"], /^edgress: cannot read the folder nowhere /],
    [
      "a method that is none",
      ["http://a.example.com/", "-X", "GE T"],
      /^edgress: there is no such request: 'GE T' is not a valid HTTP method\.\n$/,
    ],
    ["a host that is none", ["http://[/"], /^edgress: expected a URL such as \S+, got "http:\/\/\[\/"\n$/],
  ] as const) {
    test(`${what} is one line and exit code 2`, async () => {
      const { code, stdout, stderr } = await edgress(["explain", "--manifests", folder, ...args]);
      assert.match(stderr, line);
      assert.deepEqual([code, stdout], [2, ""]);
    });
  }
});

describe("explain and the edge", () => {
  let edge: Edge;
  const seen: string[] = [];

  before(async () => {
    edge = await startEdge();
    for (const address of ["203.0.113.1:80", "203.0.113.2:80"]) {
      await edge.origin(address, (request, response) => {
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
    annotated("rewrite-target", "/new/$1"),
    annotated("rewrite-target", "/{bad}"),
    annotated("use-regex", "true"),
    annotated("force-ssl-redirect", "true"),
    annotated("app-root", "/app"),
    { "ingress.kubernetes.io/rewrite-target": "/old" },
  );
  const backend = fc.constantFrom("one", "two", "missing");
  const ingresses = fc
    .array(fc.tuple(host, fc.dictionary(path, backend, { minKeys: 1, maxKeys: 3 }), annotations), {
      minLength: 1,
      maxLength: 3,
    })
    .map((all) => all.map(([of, paths, notes], index) => ingress(`i${index}`, of, paths, notes)));
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
        const services = [service("one", ["203.0.113.1"]), service("two", ["203.0.113.2"])];
        const { rules } = await edge.publish([...objects, ...services]);
        for (const [name, target, query] of requests) {
          const url = `http://${name}${target}${query}`;
          const expected = await explain(rules, { url, method: "GET", headers: [] });
          const id = `property-${++number}`;
          seen.length = 0;
          const answered = await ask(edge, url, { headers: { "X-Request-ID": id } });
          const line = await edge.accessLine(id);
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
              status: expected.status === "the origin's" ? 200 : expected.status,
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
