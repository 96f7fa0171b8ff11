// Run by `npm run test:cluster`: the sync job with the rights that deploy/ gives it, and no others.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { hashSync } from "bcryptjs";
import { ApiError } from "../../sync/kubernetes/api.ts";
import { apiAs, apply } from "../support/cluster/cluster.ts";
import { controlPlane } from "../support/cluster/control-plane.ts";
import {
  becomes,
  ingressesOf,
  ingressOf,
  inParallel,
  type Synced,
  syncedWith,
  within,
} from "../support/cluster/synced.ts";
import { service } from "../support/edge.ts";
import { edgress } from "../support/edge-cli.ts";
import { type SyncJob, startSync } from "../support/sync-cli.ts";

const skip = process.env.KUBECONFIG ? "deploy/ would change what is cluster-wide in a cluster that is not ours" : false;
const CLASS = "edgress";
const OWN = "edgress"; // the namespace that deploy/ makes

describe("the sync job under the ServiceAccount of deploy/", { skip }, async () => {
  if (skip) return;
  const cluster = await controlPlane();
  after(() => cluster.close());
  const synced: Synced = await syncedWith(cluster);
  after(() => synced.close());
  const { answers, answer, events, isLive, status } = synced;
  const home = await cluster.namespace();
  let [job]: SyncJob[] = [];
  after(() => job?.end());

  before(async () => {
    await cluster.kubectl(["apply", "--kustomize", "deploy/before-1.25"]);
    await synced.origin("203.0.113.21:80", "web");
    job = await startSync({
      kubeconfig: await cluster.kubeconfigOf(OWN, "edgress"),
      environment: { ...synced.environment, POD_NAME: "edgress-0", POD_NAMESPACE: OWN },
      args: ["--publish-status-address", "edge.example.com"],
    });
  });

  test("publishes, reports and holds the Lease", async () => {
    const much = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`/${index}`, "web"]));
    await apply(cluster, home, service("web", ["203.0.113.21"]), ingressOf(CLASS, "much", much));
    await answers("http://much.example.com/7", "web /7");
    const live = await isLive(home, "much");
    assert.deepEqual(await status(home, "much"), { addresses: ["edge.example.com"], live });
    const told = await becomes(
      "Events",
      () => events(home, "much"),
      (found) => found.length > 0,
    );
    assert.match(told.join("\n"), /^Normal Published: generation \d+, digest [0-9a-f]{12}…$/);
    const holder = ["get", "lease", "edgress", "--namespace", OWN, "--output", "jsonpath={.spec.holderIdentity}"];
    assert.match(await cluster.kubectl(holder), /^edgress-0_/);
  });

  test("shows what it holds back, and publishes it once one who may approve does", async (t) => {
    const names = Array.from({ length: 11 }, (_, index) => `many-${index}`);
    await apply(cluster, home, ...names.map((name) => ingressOf(CLASS, name, { "/": "web" })));
    await inParallel(names, (name) => answers(`http://${name}.example.com/`, "web /"));
    await apply(cluster, OWN, ...approver());
    const KUBECONFIG = await cluster.kubeconfigOf(OWN, "approver");
    const asApprover = (...args: string[]) => edgress(["approve", ...args, "--namespace", OWN], { KUBECONFIG });

    await inParallel(names, (name) => synced.api.remove(`${ingressesOf(home)}/${name}`));
    const shown = await becomes(
      "approve",
      () => asApprover(),
      ({ stdout }) => stdout.startsWith("held back"),
    );
    assert.match(shown.stdout, /^held back since \S+: 11 hosts would lose their last route, and at most 10 may/);
    const [, id = ""] = /^edgress approve (\S+)/m.exec(shown.stdout) ?? [];
    await within(t, 3000, "approved", {
      change: async () => assert.equal((await asApprover(id)).code, 0),
      seen: () => answers("http://many-3.example.com/", "404"),
    });
  });

  test("reads a Secret only where the namespace's owner lets it, and its paths are closed until then", async (t) => {
    const prefix = "nginx.ingress.kubernetes.io";
    const basicAuth = { [`${prefix}/auth-type`]: "basic", [`${prefix}/auth-secret`]: "people" };
    const auth = Buffer.from(`ann:${hashSync("open", 4)}`).toString("base64");
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "people" }, data: { auth } };
    const Authorization = `Basic ${Buffer.from("ann:open").toString("base64")}`;
    await apply(cluster, home, secret, ingressOf(CLASS, "shut", { "/": "web" }, basicAuth));
    await answers("http://shut.example.com/", "503", { Authorization });
    const told = await becomes(
      "Events",
      () => events(home, "shut"),
      (found) => found.length > 0,
    );
    assert.match(told.join("\n"), /^Warning RouteClosed: .*Secret \S+\/people cannot be read: .* is forbidden: /);
    assert.match(
      told.join("\n"),
      /a RoleBinding of ClusterRole edgress-reads-references in namespace \S+ lets it be read/,
    );
    assert.doesNotMatch(told.join("\n"), /Published/);

    await within(t, 20_000, "bound", {
      change: () => apply(cluster, home, binding("ClusterRole", "edgress-reads-references", "edgress")),
      seen: () => answers("http://shut.example.com/", "web /", { Authorization }),
    });
    assert.equal(await answer("http://shut.example.com/"), "401");
    await isLive(home, "shut");
  });

  test("may read no other Secret, not even its own", async () => {
    const other = await cluster.namespace();
    const theirs = { apiVersion: "v1", kind: "Secret", metadata: { name: "theirs" } };
    await apply(cluster, other, theirs);
    await apply(cluster, OWN, { ...theirs, metadata: { name: "edgress" } });
    const api = apiAs(await cluster.kubeconfigOf(OWN, "edgress"));
    const forbidden = (error: unknown) => error instanceof ApiError && error.status === 403;
    await assert.rejects(api.get(`/api/v1/namespaces/${other}/secrets/theirs`), forbidden);
    await assert.rejects(api.get(`/api/v1/namespaces/${OWN}/secrets/edgress`), forbidden);
    await assert.rejects(api.get("/api/v1/secrets"), forbidden);
  });

  test("asks for nothing that it may not have, beside that Secret", async () => {
    assert(job);
    assert.equal(await job.metric("edgress_report_failures_total"), 0);
    const refused = job.lines.filter(({ msg }) => /forbidden/.test(msg) && !/secrets|people/.test(msg));
    assert.deepEqual(refused, []);
  });
});

/** A ServiceAccount that may confirm rounds, and nothing else. */
function approver(): object[] {
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "approver" } };
  return [account, binding("Role", "edgress-approve", "approver")];
}

function binding(kind: "Role" | "ClusterRole", name: string, serviceAccount: string): object {
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { name },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind, name },
    subjects: [{ kind: "ServiceAccount", name: serviceAccount, namespace: OWN }],
  };
}
