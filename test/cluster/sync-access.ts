// Run by `npm run test:cluster`: the controller with the permissions of deploy/.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { hashSync } from "bcryptjs";
import { ApiError } from "../../sync/kubernetes/client.ts";
import { runEdgress } from "../support/cli/edge-cli.ts";
import { applyObjects, connectWithKubeconfig } from "../support/cluster/cluster.ts";
import { startControlPlane } from "../support/cluster/control-plane.ts";
import {
  assertChangeWithin,
  buildClassIngress,
  buildIngressesPath,
  type ClusterHarness,
  runInParallel,
  startClusterHarness,
  waitForValue,
} from "../support/cluster/synced.ts";
import { type ControllerProcess, startControllerProcess } from "../support/controller/controller-process.ts";
import { buildServiceManifest } from "../support/manifests.ts";

const skip = process.env.KUBECONFIG ? "deploy/ would change cluster-wide objects of an external cluster" : false;
const CLASS = "edgress";
const CONTROLLER_NAMESPACE = "edgress"; // created by deploy/

describe("a controller with the permissions of deploy/", { skip }, async () => {
  if (skip) return;
  const cluster = await startControlPlane();
  after(() => cluster.close());
  const harness: ClusterHarness = await startClusterHarness(cluster);
  after(() => harness.close());
  const { waitForAnswer, fetchAnswer, listEvents, waitUntilLive, readStatus } = harness;
  const home = await cluster.createNamespace();
  let [controller]: ControllerProcess[] = [];
  after(() => controller?.end());

  before(async () => {
    await cluster.kubectl(["apply", "--kustomize", "deploy/before-1.25"]);
    await harness.startOrigin("203.0.113.21:80", "web");
    controller = await startControllerProcess({
      kubeconfig: await cluster.createKubeconfig(CONTROLLER_NAMESPACE, "edgress"),
      environment: { ...harness.environment, POD_NAME: "edgress-0", POD_NAMESPACE: CONTROLLER_NAMESPACE },
      args: ["--publish-status-address", "edge.example.com"],
    });
  });

  test("A controller with the permissions of deploy/ publishes, reports and holds the Lease", async () => {
    const manyPaths = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`/${index}`, "web"]));
    await applyObjects(
      cluster,
      home,
      buildServiceManifest("web", ["203.0.113.21"]),
      buildClassIngress(CLASS, "much", manyPaths),
    );
    await waitForAnswer("http://much.example.com/7", "web /7");
    const live = await waitUntilLive(home, "much");
    assert.deepEqual(await readStatus(home, "much"), { addresses: ["edge.example.com"], live });
    const eventLines = await waitForValue(
      "Events",
      () => listEvents(home, "much"),
      (lines) => lines.length > 0,
    );
    assert.match(eventLines.join("\n"), /^Normal Published: generation \d+, digest [0-9a-f]{12}…$/);
    const holder = [
      "get",
      "lease",
      "edgress",
      "--namespace",
      CONTROLLER_NAMESPACE,
      "--output",
      "jsonpath={.spec.holderIdentity}",
    ];
    assert.match(await cluster.kubectl(holder), /^edgress-0_/);
  });

  test("A blocked deletion is published after a ServiceAccount with the role edgress-approve approves it", async (t) => {
    const names = Array.from({ length: 11 }, (_, index) => `many-${index}`);
    await applyObjects(cluster, home, ...names.map((name) => buildClassIngress(CLASS, name, { "/": "web" })));
    await runInParallel(names, (name) => waitForAnswer(`http://${name}.example.com/`, "web /"));
    await applyObjects(cluster, CONTROLLER_NAMESPACE, ...buildApprover());
    const KUBECONFIG = await cluster.createKubeconfig(CONTROLLER_NAMESPACE, "approver");
    const approve = (...args: string[]) =>
      runEdgress(["approve", ...args, "--namespace", CONTROLLER_NAMESPACE], { KUBECONFIG });

    await runInParallel(names, (name) => harness.api.remove(`${buildIngressesPath(home)}/${name}`));
    const approval = await waitForValue(
      "approve",
      () => approve(),
      ({ stdout }) => stdout.startsWith("blocked since"),
    );
    assert.match(approval.stdout, /^blocked since \S+: 11 hosts would lose their last route; the limit is 10 per sync/);
    const [, id = ""] = /^edgress approve (\S+)/m.exec(approval.stdout) ?? [];
    assert.equal((await approve(id)).code, 0); // not timed: a process that starts on a slow machine takes 2 s
    await assertChangeWithin(t, 3000, "approved", {
      waitForEffect: () => waitForAnswer("http://many-3.example.com/", "404"),
    });
  });

  test("A path with a Secret is closed until a RoleBinding of its namespace permits to read it", async (t) => {
    const prefix = "nginx.ingress.kubernetes.io";
    const basicAuth = { [`${prefix}/auth-type`]: "basic", [`${prefix}/auth-secret`]: "people" };
    const auth = Buffer.from(`ann:${hashSync("open", 4)}`).toString("base64");
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "people" }, data: { auth } };
    const Authorization = `Basic ${Buffer.from("ann:open").toString("base64")}`;
    await applyObjects(cluster, home, secret, buildClassIngress(CLASS, "shut", { "/": "web" }, basicAuth));
    await waitForAnswer("http://shut.example.com/", "503", { Authorization });
    const eventLines = await waitForValue(
      "Events",
      () => listEvents(home, "shut"),
      (lines) => lines.some((line) => line.startsWith("Warning RouteFailedClosed")),
    );
    assert.match(
      eventLines.join("\n"),
      /^Warning RouteFailedClosed: .*Secret \S+\/people is unreadable: .* is forbidden: /m,
    );
    assert.match(
      eventLines.join("\n"),
      /bind ClusterRole edgress-reads-references in namespace \S+ with a RoleBinding/,
    );
    assert.doesNotMatch(eventLines.join("\n"), /Published/);

    await assertChangeWithin(t, 20_000, "bound", {
      change: () => applyObjects(cluster, home, buildRoleBinding("ClusterRole", "edgress-reads-references", "edgress")),
      waitForEffect: () => waitForAnswer("http://shut.example.com/", "web /", { Authorization }),
    });
    assert.equal(await fetchAnswer("http://shut.example.com/"), "401");
    await waitUntilLive(home, "shut");
  });

  test("The ServiceAccount of deploy/ cannot read other Secrets, nor one in its own namespace", async () => {
    const otherNamespace = await cluster.createNamespace();
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "theirs" } };
    await applyObjects(cluster, otherNamespace, secret);
    await applyObjects(cluster, CONTROLLER_NAMESPACE, { ...secret, metadata: { name: "edgress" } });
    const api = connectWithKubeconfig(await cluster.createKubeconfig(CONTROLLER_NAMESPACE, "edgress"));
    const forbidden = (error: unknown) => error instanceof ApiError && error.status === 403;
    await assert.rejects(api.get(`/api/v1/namespaces/${otherNamespace}/secrets/theirs`), forbidden);
    await assert.rejects(api.get(`/api/v1/namespaces/${CONTROLLER_NAMESPACE}/secrets/edgress`), forbidden);
    await assert.rejects(api.get("/api/v1/secrets"), forbidden);
  });

  test("No request of the controller is forbidden, except those for the Secret", async () => {
    assert(controller);
    assert.equal(await controller.metric("edgress_kubernetes_write_failures_total"), 0);
    const refusals = controller.lines.filter(({ msg }) => /forbidden/.test(msg) && !/secrets|people/.test(msg));
    assert.deepEqual(refusals, []);
  });
});

/** Returns a ServiceAccount that can only approve deletions. */
function buildApprover(): object[] {
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "approver" } };
  return [account, buildRoleBinding("Role", "edgress-approve", "approver")];
}

function buildRoleBinding(kind: "Role" | "ClusterRole", name: string, serviceAccount: string): object {
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { name },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind, name },
    subjects: [{ kind: "ServiceAccount", name: serviceAccount, namespace: CONTROLLER_NAMESPACE }],
  };
}
