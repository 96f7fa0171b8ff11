import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { type OptionalCollection, watchOptionalCollection } from "../../sync/collect/optional-collection.ts";
import { createKubernetesClient } from "../../sync/kubernetes/client.ts";
import { Connections } from "../../sync/kubernetes/connections.ts";
import { findNewestResource } from "../../sync/kubernetes/resources.ts";
import { ApiServer } from "../support/api-server.ts";
import { createFastClock } from "../support/controller/fast-clock.ts";
import { waitFor } from "../support/wait-for.ts";

const GRANTS = { group: "gateway.networking.k8s.io", plural: "referencegrants", kind: "ReferenceGrant" };
const RESOURCES = ["v1", "v1beta1"].map((version) => ({ ...GRANTS, version, namespaced: true }));
const SPEC = {
  from: [{ group: "networking.k8s.io", kind: "Ingress", namespace: "bob" }],
  to: [{ group: "", kind: "Service", name: "sso" }],
};
const GRANT = {
  apiVersion: "gateway.networking.k8s.io/v1",
  kind: "ReferenceGrant",
  metadata: { name: "from-bob" },
  spec: SPEC,
};

let server: ApiServer;
let abortController: AbortController;

beforeEach(async () => {
  server = await ApiServer.start({ resources: RESOURCES });
  server.apply(GRANT);
  abortController = new AbortController();
});

afterEach(async () => {
  abortController.abort();
  await server.stop();
});

/** Watches the ReferenceGrants of the server. Time passes 100 times as fast. */
function watchGrants(): { grants: OptionalCollection; failures: string[]; countChanges: () => number } {
  const connections = new Connections();
  connections.loadFromOptions(server.kubeconfig);
  const failures: string[] = [];
  let changeCount = 0;
  const listener = {
    onChange: () => void changeCount++,
    onError: (error: Error) => void failures.push(error.message),
  };
  const { sleep } = createFastClock(100);
  const api = createKubernetesClient(connections);
  const find = () => findNewestResource(api, "ReferenceGrant");
  const grants = watchOptionalCollection(api, find, [{ query: {} }], listener, sleep, abortController.signal);
  return { grants, failures, countChanges: () => changeCount };
}

function listNames({ lists }: OptionalCollection): string[] | undefined {
  return lists()?.flatMap((list) => list.map(({ subject }) => subject));
}

describe("The ReferenceGrants of a cluster", () => {
  test("are complete before they are used", async () => {
    const { grants } = watchGrants();
    assert.equal(grants.lists(), undefined);
    await grants.ready;
    assert.deepEqual(listNames(grants), ["ReferenceGrant default/from-bob"]);
    const [object] = grants.lists()?.flat() ?? [];
    assert.deepEqual(object?.parsedObject, {
      kind: "ReferenceGrant",
      object: {
        namespace: "default",
        name: "from-bob",
        source: "gateway.networking.k8s.io/v1",
        ...SPEC,
      },
    });
  });

  test("are none without the API, and are found after it was installed", async () => {
    server.injectFault(/gateway\.networking\.k8s\.io\/v1(beta1)?$/, { type: "answer", status: 404 }, 2);
    const { grants, failures, countChanges } = watchGrants();
    await grants.ready;
    assert.deepEqual([listNames(grants), failures, countChanges()], [[], [], 1]);
    await waitFor(() => listNames(grants)?.length === 1);
    assert.ok(countChanges() > 1);
    assert.deepEqual(failures, []);
  });

  test("are read in v1beta1 if the server does not serve v1", async () => {
    server.injectFault(/gateway\.networking\.k8s\.io\/v1$/, { type: "answer", status: 404 });
    const { grants } = watchGrants();
    await grants.ready;
    assert.equal(grants.lists()?.[0]?.[0]?.apiVersion, "gateway.networking.k8s.io/v1beta1");
  });

  test("are none without the permission, which is reported, and are read after it was granted", async () => {
    server.forbid(/\/referencegrants/);
    const { grants, failures } = watchGrants();
    await grants.ready;
    assert.deepEqual(listNames(grants), []);
    assert.match(failures[0] ?? "", /forbidden/i);
    server.clearFaults();
    await waitFor(() => listNames(grants)?.length === 1);
  });

  test("are not missing while the server fails", async () => {
    server.injectFault(/gateway\.networking\.k8s\.io\/v1$/, { type: "answer", status: 503 });
    server.injectFault(/\/referencegrants/, { type: "answer", status: 500 });
    const { grants, failures } = watchGrants();
    await grants.ready;
    assert.deepEqual(listNames(grants), ["ReferenceGrant default/from-bob"]);
    assert.equal(failures.length, 2);
  });

  test("stay in use until another version is read, if the server removes theirs", async () => {
    const { grants } = watchGrants();
    await grants.ready;
    server.injectFault(/\/v1(beta1)?\/referencegrants|\/v1$/, { type: "answer", status: 404 }, 2);
    server.injectWatchFault(/referencegrants/, { type: "error", code: 410 });
    await waitFor(() => grants.lists()?.[0]?.[0]?.apiVersion === "gateway.networking.k8s.io/v1beta1");
    assert.deepEqual(listNames(grants), ["ReferenceGrant default/from-bob"]);
  });
});
