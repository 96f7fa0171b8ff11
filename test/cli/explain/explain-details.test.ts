import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { stringify } from "yaml";
import { runEdgress } from "../../support/cli/edge-cli.ts";
import { buildIngressManifest, buildServiceManifest, withNginxPrefix } from "../../support/manifests.ts";

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "edgress-explain-details-"));
});
after(() => rm(folder, { recursive: true }));

const SERVICES = [
  buildServiceManifest("web", ["203.0.113.10"]),
  buildServiceManifest("next", ["203.0.113.20"]),
  buildServiceManifest("oauth2-proxy", ["203.0.113.30"]),
];

/** Returns an Ingress for the path `/`. Annotations have no prefix. */
function buildIngress(name: string, host: string, service = "web", annotations: Readonly<Record<string, string>> = {}) {
  return buildIngressManifest(name, host, { "/": service }, withNginxPrefix(annotations));
}

/** What `edgress explain` prints about a URL, with these Ingresses and all Services. */
async function explainWith(ingresses: readonly object[], ...args: readonly string[]): Promise<string[]> {
  await writeFile(
    join(folder, "all.yaml"),
    [...SERVICES, ...ingresses].map((object) => stringify(object)).join("---\n"),
  );
  const { code, stdout, stderr } = await runEdgress([
    "explain",
    ...args,
    "--manifests",
    folder,
    "--zone",
    "example.com",
  ]);
  assert.deepEqual([code, stderr], [0, ""]);
  return stdout.trimEnd().split("\n");
}

describe("a canary in edgress explain", () => {
  const buildCanary = (annotations: Readonly<Record<string, string>>) => [
    buildIngress("shop", "shop.example.com"),
    buildIngress("shop-canary", "shop.example.com", "next", { canary: "true", ...annotations }),
  ];

  test("A canary by weight shows both sides with their weights", async () => {
    const lines = await explainWith(buildCanary({ "canary-weight": "30" }), "http://shop.example.com/");
    const shownLines = lines.filter((line) => !/^(record|note) /.test(line));
    assert.deepEqual(shownLines, [
      "response   from-origin (routed)",
      "host       shop.example.com",
      "path       /",
      "route      default/shop#0.0, prefix /, from all.yaml:31",
      "backend    default/web:80, 70 of 100 requests",
      "origin     203.0.113.10",
      "url        http://shop.example.com/",
      "canary     default/next:80, 30 of 100 requests",
      "origin     203.0.113.20",
      "url        http://shop.example.com/",
      "1 diagnostic of other Ingresses of this host; show them with --all-diagnostics",
    ]);
  });

  test("A canary that a header selects shows one side", async () => {
    const canary = buildCanary({ "canary-weight": "30", "canary-by-header": "X-Canary" });
    const lines = await explainWith(canary, "http://shop.example.com/", "-H", "X-Canary: always");
    assert.ok(lines.includes("backend    default/next:80"), lines.join("\n"));
    assert.deepEqual(
      lines.filter((line) => line.startsWith("canary")),
      [],
    );
  });

  test("A canary with the whole weight shows the canary only", async () => {
    const lines = await explainWith(buildCanary({ "canary-weight": "100" }), "http://shop.example.com/");
    assert.ok(lines.includes("backend    default/next:80"), lines.join("\n"));
  });
});

describe("requests that edgress explain assumes or changes", () => {
  test("An assumed answer names the Service that is asked", async () => {
    const authUrl = "http://oauth2-proxy.default.svc.cluster.local/oauth2/auth?status=401";
    const lines = await explainWith(
      [buildIngress("loop", "loop.example.com", "web", { "auth-url": authUrl })],
      "http://loop.example.com/",
    );
    assert.deepEqual(
      lines.filter((line) => line.startsWith("assumed")),
      ["assumed    Service default/oauth2-proxy:80 returns 200 for /oauth2/auth?status=401"],
    );
  });

  test("The shown URL has the path that arrives at the origin", async () => {
    const lines = await explainWith([buildIngress("shop", "shop.example.com")], "http://shop.example.com/a/../b c");
    assert.ok(lines.includes("url        http://shop.example.com/b%20c"), lines.join("\n"));
  });
});

describe("a URL without a scheme in edgress explain", () => {
  test("A host with TLS is explained with https", async () => {
    const { spec, ...ingress } = buildIngress("secure", "secure.example.com");
    const withTls = { ...ingress, spec: { ...spec, tls: [{ hosts: ["secure.example.com"] }] } };
    const lines = await explainWith([withTls], "secure.example.com/cart");
    assert.deepEqual(lines.slice(0, 2), [
      "request    https://secure.example.com/cart (https, because an Ingress of the host has TLS)",
      "response   from-origin (routed)",
    ]);
  });

  test("A host without TLS is explained with http", async () => {
    const [line] = await explainWith([buildIngress("shop", "shop.example.com")], "shop.example.com/cart");
    assert.equal(line, "request    http://shop.example.com/cart (http, because no Ingress of the host has TLS)");
  });
});

describe("Ingresses of other classes and other diagnostics in edgress explain", () => {
  const buildForeign = (host: string) => {
    const ingress = buildIngress("foreign", host);
    return { ...ingress, spec: { ...ingress.spec, ingressClassName: "nginx" } };
  };

  test("An ignored Ingress with the host is named with its class", async () => {
    const lines = await explainWith([buildForeign("shop.example.com")], "http://shop.example.com/");
    assert.deepEqual(lines, [
      "response   404 (no-route)",
      "host       not found in the rules",
      "path       /",
      "hint       Ingress default/foreign of class nginx has this host and is ignored. To select it, set --ingress-class nginx",
    ]);
  });

  test("An ignored wildcard Ingress is named for a 404 of a host that it covers", async () => {
    const lines = await explainWith([buildForeign("*.example.com")], "http://shop.example.com/");
    assert.match(lines.at(-1) ?? "", /^hint {7}Ingress default\/foreign of class nginx /);
  });

  test("Only the diagnostics of the matched route are printed, and the others are counted", async () => {
    const other = buildIngressManifest("other", "shop.example.com", { "/gone": "gone" });
    const ingresses = [buildIngress("shop", "shop.example.com", "web", { "proxy-body-size": "many" }), other];
    const lines = await explainWith(ingresses, "http://shop.example.com/");
    const diagnostics = lines.filter((line) => /^(error|warning|note|\d+ )/.test(line));
    assert.deepEqual(
      diagnostics.map((line) => line.replace(/^(\S+ Ingress \S+).*/, "$1")),
      [
        "warning Ingress default/shop",
        "note Ingress default/shop",
        "2 diagnostics of other Ingresses of this host; show them with --all-diagnostics",
      ],
    );
    const allLines = await explainWith(ingresses, "http://shop.example.com/", "--all-diagnostics");
    assert.equal(allLines.filter((line) => line.includes("Ingress default/other ")).length, 2);
  });
});
