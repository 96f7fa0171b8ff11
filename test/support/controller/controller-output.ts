import type { Controller } from "./controller.ts";
import type { ControllerHarness } from "./controller-harness.ts";

/** Returns all output of controllers: logs, metrics, and writes to the cluster and the account. */
export async function collectOutput(
  { server, account, kv }: ControllerHarness,
  controllers: readonly Controller[],
): Promise<string> {
  const requests = server.requests.map(({ line, body }) => `${line} ${JSON.stringify(body) ?? ""}`);
  const accountRequests = account.requests.map(({ method, path }) => `${method} ${path}`);
  const objects = ["Ingress", "Event", "ConfigMap", "Lease"].map((kind) => JSON.stringify(server.objects(kind)));
  const metrics = await Promise.all(controllers.map((controller) => controller.exposition()));
  const kvEntries = [...kv.values].flat();
  return [
    ...controllers.flatMap(({ lines }) => lines),
    ...requests,
    ...accountRequests,
    ...objects,
    ...metrics,
    ...kvEntries,
  ].join("\n");
}
