import { ApiServer, type Applied } from "../support/api-server.ts";
import { objectsOf, type Size } from "./objects.ts";

/** What the benchmark asks of the process that this is. */
export type Question = { readonly start: Size } | "count";

/** What it answers: a kubeconfig's text, or how many requests of each kind there were. */
export type Answer = { readonly kubeconfig: string } | { readonly requests: Readonly<Record<string, number>> };

let server: ApiServer | undefined;

process.on("disconnect", () => process.exit());
process.on("message", async (question: Question) => {
  if (question !== "count") server = await started(question.start);
  if (!server) return;
  const answer: Answer = question === "count" ? { requests: counted(server) } : { kubeconfig: server.kubeconfigText };
  process.send?.(answer);
});

async function started(size: Size): Promise<ApiServer> {
  const made = await ApiServer.start({ tls: true });
  const system = { apiVersion: "v1", kind: "Namespace", metadata: { name: "kube-system" } };
  for (const object of [system, ...objectsOf(size)]) made.apply(object as Applied); // each is whole
  return made;
}

function counted({ requests }: ApiServer): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { method, path, query } of requests) {
    const what =
      /\/(ingresses|ingressclasses|services|secrets|configmaps|events|leases)(\/|$)/.exec(path)?.[1] ?? "other";
    const how = query.watch ? "WATCH" : method;
    const kind = `${how} ${what}${path.endsWith("/status") ? "/status" : ""}`;
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}
