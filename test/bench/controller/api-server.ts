import { ApiServer, type AppliedObject } from "../../support/api-server.ts";
import { buildObjects, type ClusterSize } from "./objects.ts";

/** What the benchmark asks of the process that this is. */
export type BenchRequest = { readonly start: ClusterSize } | "count";

/** What it answers: a kubeconfig's text, or how many requests of each kind there were. */
export type BenchReply = { readonly kubeconfig: string } | { readonly requests: Readonly<Record<string, number>> };

let server: ApiServer | undefined;

process.on("disconnect", () => process.exit());
process.on("message", async (request: BenchRequest) => {
  if (request !== "count") server = await startPopulatedServer(request.start);
  if (!server) return;
  const reply: BenchReply =
    request === "count" ? { requests: countRequests(server) } : { kubeconfig: server.kubeconfigText };
  process.send?.(reply);
});

async function startPopulatedServer(size: ClusterSize): Promise<ApiServer> {
  const newServer = await ApiServer.start({ tls: true });
  const system = { apiVersion: "v1", kind: "Namespace", metadata: { name: "kube-system" } };
  for (const object of [system, ...buildObjects(size)]) newServer.apply(object as AppliedObject); // each is whole
  return newServer;
}

function countRequests({ requests }: ApiServer): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { method, path, query } of requests) {
    const resource =
      /\/(ingresses|ingressclasses|services|secrets|configmaps|events|leases)(\/|$)/.exec(path)?.[1] ?? "other";
    const verb = query.watch ? "WATCH" : method;
    const kind = `${verb} ${resource}${path.endsWith("/status") ? "/status" : ""}`;
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}
