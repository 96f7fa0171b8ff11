import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { runEdgress } from "../../support/cli/edge-cli.ts";
import { runStatusCommand, STATUS_TOKEN, startStatusWorld } from "../../support/cli/status-world.ts";
import { buildIngressManifest, buildServiceManifest } from "../../support/manifests.ts";

const world = await startStatusWorld();
const environment = { ...world.kubeconfig, ...world.account, EDGRESS_STATUS_TOKEN: STATUS_TOKEN };

const WEB = buildServiceManifest("web", ["203.0.113.10"]);
const SHOP = buildIngressManifest("shop", "shop.example.com", { "/": "web", "/gone": "gone" });
const BLOG = buildIngressManifest("blog", "blog.example.com", { "/": "web" });
const FOREIGN = buildIngressManifest("foreign", "foreign.example.com", { "/": "web" });

function applyCluster(): void {
  const foreign = { ...FOREIGN, spec: { ...FOREIGN.spec, ingressClassName: "nginx" } };
  for (const object of [WEB, SHOP, BLOG, foreign]) world.server.apply(object);
}

const sync = () => runEdgress(["sync", "--once", "--publish-status-address", "203.0.113.1"], environment);

describe("edgress status before and after the first sync", () => {
  test("An account without a publication is not live", async () => {
    const { code, lines } = await runStatusCommand(environment, "--edge-url", world.edgeUrl);
    assert.deepEqual(lines, [
      "live       no",
      "problem    nothing is published with this EDGRESS_SIGNING_KEY",
      `problem    the edge at ${world.edgeUrl} serves nothing: no snapshot is published`,
      "kv         nothing is published",
      `edge       ${world.edgeUrl}: it has no snapshot: no snapshot is published`,
      "leader     none",
      "ingresses  0 selected, 0 ignored, 0 closed, 0 last good, 0 waiting",
      "blocked    no removal",
    ]);
    assert.equal(code, 1);
  });

  test("A cluster that was synced once shows its counts on one screen, and that no controller runs", async () => {
    applyCluster();
    assert.match((await sync()).stdout, /"msg":"published generation=1 /);
    const { code, lines } = await runStatusCommand(environment, "--edge-url", world.edgeUrl);
    assert.deepEqual(lines, [
      "live       no",
      "problem    no controller holds the Lease, so changes are not published",
      "kv         generation 1, published TIME, digest DIGEST, 2 hosts, 3 routes",
      "publisher  the controller of this cluster (UID)",
      `edge       ${world.edgeUrl}: it serves generation 1`,
      "leader     none",
      "ingresses  2 selected, 1 ignored, 0 closed, 0 last good, 0 waiting",
      "ignored    1 Ingress of class nginx is ignored: default/foreign. To select such Ingresses, set --ingress-class nginx",
      "blocked    no removal",
    ]);
    assert.equal(code, 1);
  });

  test("An Ingress that was synced is live, with its routes and its status", async () => {
    const { code, lines } = await runStatusCommand(environment, "ingress/default/blog", "--edge-url", world.edgeUrl);
    assert.deepEqual(lines, [
      "ingress    default/blog",
      "live       yes",
      "class      edgress, selected",
      "cluster    its current version has 1 route",
      "status     203.0.113.1; live since generation 1",
      "kv         generation 1 (TIME) has 1 of its routes, as in the cluster",
      "route      blog.example.com prefix / -> default/web:80",
      `edge       ${world.edgeUrl}: it serves generation 1`,
      "note Ingress default/blog spec.ingressClassName: IngressClass not found: edgress; it is matched by name; create the IngressClass with spec.controller: edgress.dev/ingress-controller (IngressClassNotFound, networking.k8s.io/v1)",
    ]);
    assert.equal(code, 0);
  });

  test("Without the account, the cluster is shown, and every missing variable is named", async () => {
    const { code, lines } = await runStatusCommand(world.kubeconfig);
    assert.equal(lines[0], "live       unknown, because KV was not read");
    assert.equal(
      lines.find((line) => line.startsWith("kv ")),
      "kv         not read: environment variables are not set: CLOUDFLARE_ACCOUNT_ID, CLOUDFLARE_API_TOKEN, EDGRESS_KV_NAMESPACE_ID, EDGRESS_SIGNING_KEY. The help of the command describes them",
    );
    assert.equal(code, 1);
  });
});

describe("edgress status of an Ingress that is not live", () => {
  test("An Ingress of another class names the option that selects it", async () => {
    const { code, lines } = await runStatusCommand(environment, "default/foreign");
    assert.deepEqual(lines.slice(0, 4), [
      "ingress    default/foreign",
      "live       no",
      "problem    its class nginx is not ours. To select it, set --ingress-class nginx",
      "class      nginx, ignored",
    ]);
    assert.equal(code, 1);
  });

  test("An Ingress that does not exist is not found", async () => {
    const { code, lines } = await runStatusCommand(environment, "default/missing");
    assert.deepEqual(lines.slice(0, 5), [
      "ingress    default/missing",
      "live       no",
      "problem    it is not in the watched cluster",
      "problem    no route of it is published",
      "cluster    not found",
    ]);
    assert.equal(code, 1);
  });

  test("A closed path is named with its reason, and a change waits for a sync", async () => {
    world.server.apply(
      buildIngressManifest("shop", "shop.example.com", { "/": "web", "/gone": "gone", "/new": "web" }),
    );
    const { code, lines } = await runStatusCommand(environment, "default/shop");
    assert.deepEqual(
      lines.filter((line) => /^(problem|kv|route|edge) /.test(line)),
      [
        "problem    its published routes differ from the cluster's",
        "kv         generation 1 (TIME) has 2 of its routes, not as in the cluster",
        "route      shop.example.com prefix / -> default/web:80",
        "route      shop.example.com prefix /gone -> 503 (Service not found: default/gone)",
        "edge       not read: --edge-url is not set. Set it to a trusted host of the Worker",
      ],
    );
    assert.equal(code, 1);
    world.server.apply(SHOP);
  });

  test("An Ingress without a working path is not live", async () => {
    world.server.apply(buildIngressManifest("closed", "closed.example.com", { "/": "gone" }));
    const { lines } = await runStatusCommand(environment, "default/closed");
    assert.ok(lines.includes("problem    every one of its paths returns 503"), lines.join("\n"));
    world.server.remove("Ingress", "default", "closed");
  });

  test("A last good version is named with its start", async () => {
    const broken = { ...BLOG, spec: { ...BLOG.spec, rules: [{ host: "not a host", http: BLOG.spec.rules[0]?.http }] } };
    world.server.apply(broken);
    await sync();
    const { code, lines } = await runStatusCommand(environment, "default/blog");
    assert.deepEqual(lines.slice(1, 5), [
      "live       no",
      "problem    it does not compile since TIME; its last good version is served",
      "class      edgress, selected",
      "cluster    its last good version, since TIME, has 1 route",
    ]);
    assert.equal(code, 1);
    world.server.apply(BLOG);
    await sync();
  });

  test("A blocked removal names the approval that an Ingress waits for", async () => {
    world.server.remove("Ingress", "default", "shop");
    world.server.remove("Ingress", "default", "blog");
    await sync();
    const { lines } = await runStatusCommand(environment, "default/shop");
    assert.match(
      lines[3] ?? "",
      /^problem {4}its removed routes stay published since TIME\. Review them, then run: edgress approve [0-9a-f]{12}$/,
    );
    const overview = await runStatusCommand(environment);
    assert.ok(
      overview.lines.includes("problem    removed routes stay published until approval in namespaces: default"),
      overview.lines.join("\n"),
    );
  });
});

describe("edgress status without a side", () => {
  test("Without a kubeconfig, KV is shown", async () => {
    const { code, lines } = await runStatusCommand({ ...world.account, HOME: world.folder }, "default/shop");
    assert.deepEqual(lines.slice(1, 5), [
      "live       yes, but the cluster was not read",
      "cluster    not read: cluster not found. Set KUBECONFIG, or run in a Pod with a ServiceAccount",
      "kv         generation 1 (TIME) has 2 of its routes",
      "route      shop.example.com prefix / -> default/web:80",
    ]);
    assert.equal(lines.at(-1), "edge       not read: --edge-url is not set. Set it to a trusted host of the Worker");
    assert.equal(code, 0);
  });

  test("With --json, the report is one object", async () => {
    const { lines } = await runStatusCommand(environment, "default/shop", "--json");
    const report = JSON.parse(lines.join("\n")) as Record<string, unknown>;
    assert.deepEqual(
      [report.live, report.kind, report.name, report.cluster],
      ["no", "Ingress", "default/shop", "not found"],
    );
  });

  test("An invalid name is reported in one line, with exit code 2", async () => {
    const { code, stderr } = await runStatusCommand(environment, "shop");
    assert.equal(
      stderr,
      'edgress: name is invalid: "shop". Write ingress/NAMESPACE/NAME, httproute/NAMESPACE/NAME, or NAMESPACE/NAME for an Ingress\n',
    );
    assert.equal(code, 2);
  });
});
