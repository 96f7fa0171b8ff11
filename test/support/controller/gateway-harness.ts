import * as z from "zod";
import { GATEWAY_RESOURCES } from "../api-server/gateway-resources.ts";
import { ApiServer } from "../api-server.ts";
import { NAMESPACE } from "./controller.ts";
import { type ControllerHarness, INGRESS_CLASS, startControllerHarness } from "./controller-harness.ts";
import { GATEWAY_CLASS } from "./gateway-objects.ts";

const Conditions = z.array(
  z.object({ type: z.string(), status: z.string(), reason: z.string(), message: z.string().optional() }),
);
const Status = z.object({
  conditions: Conditions.optional(),
  parents: z.array(z.object({ controllerName: z.string(), conditions: Conditions })).optional(),
  listeners: z.array(z.object({ attachedRoutes: z.number(), conditions: Conditions.optional() })).optional(),
});

/** Starts an API server with the Gateway API, the default namespaces and the IngressClass of edgress. */
export async function startGatewayServer(): Promise<ApiServer> {
  const server = await ApiServer.start({ resources: GATEWAY_RESOURCES });
  for (const name of ["kube-system", NAMESPACE]) {
    server.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
  }
  server.apply(INGRESS_CLASS);
  return server;
}

/** Returns a test function that runs with a separate harness, whose cluster has the GatewayClass of edgress. */
export function withGatewayHarness(run: (harness: ControllerHarness) => Promise<void>): () => Promise<void> {
  return async () => {
    const server = await startGatewayServer();
    const harness = await startControllerHarness({ server });
    try {
      server.apply(GATEWAY_CLASS);
      await run(harness);
    } finally {
      await harness.close();
      await server.stop();
    }
  };
}

/** Returns the status of a Gateway API object. */
export function readGatewayStatus(server: ApiServer, kind: string, name: string): z.infer<typeof Status> {
  const object = server.objects(kind).find(({ metadata }) => metadata.name === name);
  return Status.parse(object?.status ?? {});
}

/** Returns conditions without messages, sorted: "Accepted=True", "Programmed=False Pending". */
export function listConditions(conditions: z.infer<typeof Conditions> = []): string[] {
  return conditions.map(({ type, status, reason }) => `${type}=${status}${reason === type ? "" : ` ${reason}`}`).sort();
}

/** Returns the conditions of each parent of an HTTPRoute. */
export function listRouteConditions(server: ApiServer, name: string): string[][] {
  return (readGatewayStatus(server, "HTTPRoute", name).parents ?? []).map(({ conditions }) =>
    listConditions(conditions),
  );
}
