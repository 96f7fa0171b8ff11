import * as z from "zod";
import type { KubernetesClient } from "../../sync/kubernetes/client.ts";
import { startControlPlane } from "../support/cluster/control-plane.ts";
import { startClusterHarness } from "../support/cluster/synced.ts";
import { type LogLine, startControllerProcess } from "../support/controller/controller-process.ts";
import { waitFor } from "../support/wait-for.ts";
import { startClusterControllers } from "./cluster-controllers.ts";

/** The class of the suite's Gateways. */
export const GATEWAY_CLASS = "gateway-conformance";

const SECRET_READER = ["--clusterrole=edgress-reads-references", "--serviceaccount=edgress:edgress"];
const CLASSES_PATH = "/apis/gateway.networking.k8s.io/v1/gatewayclasses";

/** Everything that the suite runs against. */
export interface GatewayStack {
  /** Environment variables of the suite. */
  readonly environment: Readonly<Record<string, string>>;
  /** Log lines of the controller so far. */
  readonly controllerLines: readonly LogLine[];
  close(): Promise<void>;
}

/** Starts a real API server with the resource definitions of a folder, the local edge, and the controller between them. */
export async function startStack(definitionsFolder: string): Promise<GatewayStack> {
  const cluster = await startControlPlane({ version: "1.36" });
  await cluster.kubectl(["apply", "--server-side", "--kustomize", definitionsFolder]);
  await cluster.kubectl(["apply", "--kustomize", "deploy/base"]);
  // The owners of the namespaces allow the controller to read the Secrets of their listeners.
  await cluster.kubectl(["create", "clusterrolebinding", "secrets", ...SECRET_READER]);
  const harness = await startClusterHarness(cluster, ["."]);
  const { http, https } = harness.edge.stack;
  const controllers = await startClusterControllers(harness.api, harness.edge.stack);
  await harness.api.create(CLASSES_PATH, GATEWAY_CLASS_OBJECT);
  const controller = await startControllerProcess({
    kubeconfig: await cluster.createKubeconfig("edgress", "edgress"),
    environment: { ...harness.environment, POD_NAME: "edgress-0", POD_NAMESPACE: "edgress" },
    args: ["--debounce", "0.1", "--allow-mass-deletion"], // each test deletes all of its routes
  });
  await waitForFeatures(harness.api);
  return {
    environment: {
      KUBECONFIG: cluster.kubeconfig,
      EDGE_HTTP_ADDRESS: http.host,
      EDGE_HTTPS_ADDRESS: https.host,
    },
    controllerLines: controller.lines,
    async close() {
      await controller.end();
      await controllers.close();
      await harness.close();
      await cluster.close();
    },
  };
}

const ClassWithFeatures = z.object({ status: z.object({ supportedFeatures: z.array(z.unknown()).min(1) }) });

/** Waits for the features in the status of the class, which the suite reads once, at its start. */
async function waitForFeatures(api: KubernetesClient): Promise<void> {
  await waitFor(
    async () => ClassWithFeatures.safeParse(await api.get(`${CLASSES_PATH}/${GATEWAY_CLASS}`)).success,
    30_000,
  );
}

const GATEWAY_CLASS_OBJECT = {
  apiVersion: "gateway.networking.k8s.io/v1",
  kind: "GatewayClass",
  metadata: { name: GATEWAY_CLASS },
  spec: { controllerName: "edgress.dev/ingress-controller" },
};
