import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { runEdgress } from "../../support/cli/edge-cli.ts";
import { cluster } from "../../support/cli/explain.ts";

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
  test("edgress explain shows the matched route, the fetched URL and why other routes did not match", async () => {
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

  test("edgress explain shows the routes that did not match a 404", async () => {
    assert.deepEqual(await runExplain("http://paths.example.com/other"), [
      "response   404 (no-route)",
      "host       paths.example.com",
      "path       /other",
      "unmatched  host *.example.com: paths.example.com is more specific",
      "unmatched  default/paths#0.0, prefix /only, from Ingress-paths.json:1: does not match",
    ]);
  });

  test("edgress explain shows a 405 for TRACE", async () => {
    const lines = await runExplain("http://shop.example.com/cart", "-X", "TRACE");
    assert.deepEqual(lines.slice(0, 2), [
      "response   405 (bad-request: TRACE is not allowed)",
      "host       shop.example.com",
    ]);
  });

  test("edgress explain shows a 404 for an unknown host", async () => {
    assert.deepEqual(await runExplain("http://a.b.example.com/x"), [
      "response   404 (no-route)",
      "host       not found in the rules",
      "path       /x",
    ]);
  });

  test("edgress explain names an ignored Ingress of the host, and the option that selects it", async () => {
    const lines = await runExplain("http://shop.example.com/cart", "--ingress-class", "other");
    assert.equal(
      lines.at(-1),
      "hint       Ingress default/shop of class edgress has this host and is ignored. To select it, set --ingress-class edgress",
    );
  });

  test("edgress explain counts the ignored Ingresses for a host that none of them has", async () => {
    const lines = await runExplain("http://unknown.example.org/", "--ingress-class", "other");
    assert.equal(
      lines.at(-1),
      "hint       6 Ingresses of class edgress are ignored. To select such Ingresses, set --ingress-class edgress",
    );
  });

  test("edgress explain shows the Location of a redirect", async () => {
    const lines = await runExplain("http://secure.example.com/a?b");
    assert.deepEqual(lines.slice(0, 2), ["response   308 (redirected)", "location   https://secure.example.com/a?b"]);
  });

  test("edgress explain shows a rewritten path", async () => {
    const lines = await runExplain("http://rewritten.example.com/api/users?a");
    assert.ok(lines.includes("url        http://rewritten.example.com/v1/users?a"), lines.join("\n"));
    assert.ok(lines.includes("origin     203.0.113.10, 203.0.113.11"), lines.join("\n"));
  });

  test("edgress explain shows why a route fails closed", async () => {
    const [first] = await runExplain("http://closed.example.com/");
    assert.equal(first, "response   503 (failed-closed: nginx.ingress.kubernetes.io/rewrite-target is invalid)");
  });

  test("edgress explain shows the missing Service of a route", async () => {
    const [first] = await runExplain("http://shop.example.com/gone");
    assert.equal(first, "response   503 (no-backend: Service not found: default/gone)");
  });

  test("edgress explain prints JSON with --json", async () => {
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
      /^edgress: manifests are not readable: nowhere\. /,
    ],
    [
      "a method that is none",
      ["http://a.example.com/", "-X", "GE T"],
      /^edgress: request is invalid: 'GE T' is not a valid HTTP method\.\n$/,
    ],
    ["a host that is none", ["http://[/"], /^edgress: URL is invalid: "http:\/\/\[\/"\. Write it like \S+\n$/],
  ] as const) {
    test(`edgress explain reports ${what} in one line, with exit code 2`, async () => {
      const { code, stdout, stderr } = await runEdgress(["explain", "--manifests", folder, ...args]);
      assert.match(stderr, line);
      assert.deepEqual([code, stdout], [2, ""]);
    });
  }
});
