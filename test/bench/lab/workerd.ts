import { openSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { COMPATIBILITY_DATE } from "../../../sync/local/worker/workerd.ts";
import { findFreePort } from "../../support/free-port.ts";
import type { Lab } from "./processes.ts";

const require = createRequire(import.meta.url);

/** A Worker that passes each request on. Its cost is the unit of all ratios. */
export const BARE_SCRIPT = "export default { fetch(request) { return fetch(request); } };";

/** Returns a main module that runs the Worker with a dataset whose points are made and dropped. */
const METRICS_MAIN = `
import script from "./edge.js";
export * from "./edge.js";
const ANALYTICS = { writeDataPoint() {} };
let full;
export default { ...script, fetch: (request, env, context) => script.fetch(request, (full ??= { ...env, ANALYTICS }), context) };
`;

export interface LabWorker {
  readonly name: string;
  readonly script: string;
  /** Name of its snapshot. */
  readonly space?: string;
  readonly variables?: Readonly<Record<string, string>>;
  readonly metrics?: boolean;
}

export interface LabServices {
  readonly originPort: number;
  readonly kvPort?: number;
  /** Port of the V8 inspector. */
  readonly inspectorPort?: number;
}

/** Starts raw `workerd serve` with Workers, each on its port. Its lines go to /dev/null. */
export async function startRawWorkerd(lab: Lab, workers: readonly LabWorker[], services: LabServices) {
  const { originPort, kvPort, inspectorPort } = services;
  const ports = new Map<string, number>();
  for (const { name } of workers) ports.set(name, await findFreePort());
  const folder = lab.folder;
  for (const { name, script, metrics } of workers) {
    writeFileSync(join(folder, `${name}.js`), script);
    if (metrics) writeFileSync(join(folder, `${name}-main.js`), METRICS_MAIN);
  }
  const file = join(folder, `workerd-${[...ports.values()].join("-").slice(0, 40)}.capnp`);
  writeFileSync(file, buildConfig(workers, ports, originPort, kvPort));
  const args = ["serve", file, ...(inspectorPort ? [`--inspector-addr=127.0.0.1:${inspectorPort}`] : [])];
  const [firstPort = 0] = ports.values();
  const child = await lab.start(findWorkerdBinary(), args, firstPort, openSync("/dev/null", "a"));
  return { child, pid: child.pid ?? 0, portOf: (name: string) => ports.get(name) ?? 0 };
}

function buildConfig(
  workers: readonly LabWorker[],
  ports: ReadonlyMap<string, number>,
  originPort: number,
  kvPort: number | undefined,
): string {
  const spaces = [...new Set(workers.flatMap(({ space }) => (space === undefined ? [] : [space])))];
  const services = [
    buildExternal("origin", originPort),
    ...(kvPort === undefined ? [] : ["cache", ...spaces].map((space) => buildExternal(`kv-${space}`, kvPort, space))),
    ...workers.map((worker) => buildWorker(worker, kvPort !== undefined)),
  ];
  const http = 'forwardedProtoHeader = "X-Lab-Scheme", cfBlobHeader = "X-Lab-Cf"'; // as Cloudflare passes both beside the request
  const sockets = workers.map(
    ({ name }) => `(name = "${name}", address = "127.0.0.1:${ports.get(name)}", http = (${http}), service = "${name}")`,
  );
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [${services.join(",\n    ")}],
  sockets = [${sockets.join(",\n    ")}]);`;
}

function buildExternal(name: string, port: number, space?: string): string {
  const headers = space === undefined ? "" : `injectRequestHeaders = [(name = "X-Space", value = "${space}")]`;
  return `(name = "${name}", external = (address = "127.0.0.1:${port}", http = (${headers})))`;
}

function buildWorker({ name, script, space, variables = {}, metrics }: LabWorker, hasKv: boolean): string {
  const bindings = [
    ...(space === undefined ? [] : [`(name = "RULES", kvNamespace = "kv-${space}")`]),
    ...Object.entries(variables).map(([key, value]) => `(name = "${key}", text = ${JSON.stringify(value)})`),
    ...(script.includes("Limiter") ? [`(name = "LIMITER", durableObjectNamespace = "Limiter")`] : []),
  ];
  const objects = script.includes("Limiter")
    ? `durableObjectNamespaces = [(className = "Limiter", uniqueKey = "${name}", enableSql = true)], durableObjectStorage = (inMemory = void),`
    : "";
  const main = metrics ? [`(name = "main.js", esModule = embed "${name}-main.js")`] : [];
  const modules = [...main, `(name = "edge.js", esModule = embed "${name}.js")`];
  return `(name = "${name}", worker = (
      modules = [${modules.join(", ")}],
      compatibilityDate = "${COMPATIBILITY_DATE}",
      globalOutbound = "origin",
      ${hasKv ? `cacheApiOutbound = "kv-cache",` : ""}
      ${objects}
      bindings = [${bindings.join(", ")}]))`;
}

function findWorkerdBinary(): string {
  const workerd = require("workerd") as { readonly default: string };
  return workerd.default;
}
