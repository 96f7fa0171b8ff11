// Run by `npm run test:cluster`: Secrets are watched with both grants of docs/security.md.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { watchReferencedObjects } from "../../sync/collect/references/referenced-objects.ts";
import { applyObjects, connectWithKubeconfig } from "../support/cluster/cluster.ts";
import { externalClusterSkipReason, startControlPlane } from "../support/cluster/control-plane.ts";
import { createFastClock } from "../support/controller/fast-clock.ts";
import { buildSecretReference } from "../support/controller/watched-references.ts";
import { waitFor } from "../support/wait-for.ts";

const RBAC = "rbac.authorization.k8s.io";
const NAMES = ["users", "admins"];

describe("Secrets of a real API server", { skip: externalClusterSkipReason }, async () => {
  if (externalClusterSkipReason) return;
  const cluster = await startControlPlane({ version: "1.36" });
  after(() => cluster.close());
  const abortController = new AbortController();
  after(() => abortController.abort());

  test("are followed with a right on all or on named ones, and after the right on all is revoked", async () => {
    const [home, whole, named] = await Promise.all([1, 2, 3].map(() => cluster.createNamespace()));
    assert.ok(home !== undefined && whole !== undefined && named !== undefined);
    await applyObjects(cluster, home, { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "controller" } });
    for (const namespace of [whole, named])
      await applyObjects(cluster, namespace, ...[...NAMES, "foreign"].map((name) => buildSecret(name, "old")));
    await applyObjects(cluster, whole, buildRole(undefined), buildRoleBinding(home));
    await applyObjects(cluster, named, buildRole(NAMES), buildRoleBinding(home));

    const api = connectWithKubeconfig(await cluster.createKubeconfig(home, "controller"));
    const [failures, notes]: [string[], string[]] = [[], []];
    const listener = {
      onChange: () => {},
      onError: (error: Error) => void failures.push(error.message),
      onNote: (line: string) => void notes.push(line),
    };
    const references = watchReferencedObjects(api, listener, createFastClock(100).sleep, abortController.signal);
    await references.watchOnly(
      [whole, named].flatMap((space) => NAMES.map((name) => buildSecretReference(space, name))),
    );
    const listContents = () =>
      references
        .lists()
        .flatMap((list) =>
          list.map(
            ({ id, parsedObject }) => `${id}: ${parsedObject.kind === "Secret" && parsedObject.object.data.auth}`,
          ),
        );
    assert.deepEqual(listContents(), [
      ...[`${whole}/users: old`, `${whole}/admins: old`],
      ...[`${named}/users: old`, `${named}/admins: old`],
    ]);
    assert.deepEqual(failures, []);
    assert.equal(notes.length, 1);
    assert.match(notes[0] ?? "", new RegExp(`namespace=${named}: one watch for all was refused: secrets is forbidden`));

    for (const namespace of [whole, named]) await applyObjects(cluster, namespace, buildSecret("users", "new"));
    await waitFor(() => listContents().filter((line) => line.endsWith("users: new")).length === 2);

    // The Role with names replaces the right on all. The open watch ends within 25 s.
    await applyObjects(cluster, whole, buildRole(NAMES));
    await waitFor(() => notes.length === 2, 60_000);
    await applyObjects(cluster, whole, buildSecret("admins", "newer"));
    await waitFor(() => listContents().includes(`${whole}/admins: newer`), 30_000);
  });
});

function buildSecret(name: string, text: string): object {
  return { apiVersion: "v1", kind: "Secret", metadata: { name }, stringData: { auth: text } };
}

/** Returns a Role for the named Secrets, or for all. */
function buildRole(resourceNames: readonly string[] | undefined): object {
  const rule = { apiGroups: [""], resources: ["secrets"], verbs: ["get", "list", "watch"], resourceNames };
  return { apiVersion: `${RBAC}/v1`, kind: "Role", metadata: { name: "controller" }, rules: [rule] };
}

function buildRoleBinding(accountNamespace: string): object {
  return {
    apiVersion: `${RBAC}/v1`,
    kind: "RoleBinding",
    metadata: { name: "controller" },
    roleRef: { apiGroup: RBAC, kind: "Role", name: "controller" },
    subjects: [{ kind: "ServiceAccount", name: "controller", namespace: accountNamespace }],
  };
}
