import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ApiServer, type AppliedObject } from "../api-server.ts";
import { CLI_ENTRY, NODE } from "../cli/edge-cli.ts";
import { buildIngressManifest, buildServiceManifest } from "../manifests.ts";
import { waitFor } from "../wait-for.ts";
import type { SetupWorld } from "./setup-world.ts";

/** A cluster, and `edgress sync` as a process. */
export interface ClusterSync {
  /** Applies the Ingress `my-ingress`, whose path /fuu has this Service. */
  serve(service: string): void;
  /** Sends requests of many clients until a line of the log matches. */
  waitForLog(pattern: RegExp, send: () => Promise<unknown>): Promise<void>;
  /** Stops the process, and resolves with its exit code. */
  stop(): Promise<number | null>;
}

/** Starts a cluster with Services, whose Ingress serves the first one, and `edgress sync` on it. */
export async function startClusterSync(
  { folder, environment }: SetupWorld,
  variables: Readonly<Record<string, string>>,
  services: Readonly<Record<string, string>>,
  args: readonly string[],
): Promise<ClusterSync> {
  const server = await ApiServer.start();
  server.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "kube-system" } });
  for (const [name, address] of Object.entries(services)) server.apply(buildServiceManifest(name, [address]));
  const serve = (service: string) => server.apply(buildShopIngress(service));
  serve(Object.keys(services)[0] ?? "");
  await writeFile(join(folder, "kubeconfig"), server.kubeconfigText);
  const child = spawn(NODE, [CLI_ENTRY, "sync", "--health-port", "0", ...args], {
    cwd: folder,
    env: { ...environment, ...variables, KUBECONFIG: join(folder, "kubeconfig") },
  });
  let log = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      log += text;
    });
  const exit = once(child, "exit") as Promise<[number | null]>;
  return {
    serve,
    async waitForLog(pattern, send) {
      const isLogged = async () => {
        await send();
        return pattern.test(log);
      };
      await waitFor(isLogged, 90_000).catch(() => Promise.reject(new Error(`${pattern} is not in the log:\n${log}`)));
    },
    async stop() {
      child.kill("SIGTERM");
      const [code] = await exit;
      await server.stop();
      return code;
    },
  };
}

function buildShopIngress(service: string): AppliedObject {
  return buildIngressManifest("my-ingress", "foo.bar.com", { "/fuu": service });
}
