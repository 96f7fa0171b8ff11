import {
  findServedVersion,
  type LocalScript,
  type ScriptBinding,
  type ScriptModule,
} from "../account/workers/script-model.ts";
import type { EdgeBinding, EdgeModule, EdgeScript } from "./edge-script.ts";
import { COMPATIBILITY_DATE } from "./workerd.ts";

/** Answers like Cloudflare for a proxied name without a Worker and without an origin. */
const NO_WORKER: EdgeScript = {
  mainModule: "index.js",
  modules: {
    "index.js": {
      type: "esm",
      contents: 'export default { fetch: () => new Response("error code: 522\\n", { status: 522 }) };',
    },
  },
  compatibilityDate: COMPATIBILITY_DATE,
  compatibilityFlags: [],
  bindings: {},
  durableObjects: {},
  datasets: {},
};

/** Returns the version of a script that answers requests, with its bindings. */
export function buildDeployedScript(script: LocalScript | undefined): EdgeScript {
  const version = script && findServedVersion(script);
  if (!version) return NO_WORKER;
  const { bindings } = version;
  return {
    mainModule: version.mainModule,
    modules: Object.fromEntries(version.modules.map((module) => [module.name, buildModule(module)])),
    compatibilityDate: version.compatibilityDate ?? COMPATIBILITY_DATE,
    compatibilityFlags: version.compatibilityFlags,
    bindings: Object.fromEntries(bindings.flatMap((binding) => buildBinding(binding) ?? [])),
    durableObjects: readField(bindings, "durable_object_namespace", "class_name"),
    datasets: readField(bindings, "analytics_engine", "dataset"),
  };
}

const MODULE_TYPES: Readonly<Record<string, EdgeModule["type"]>> = {
  "application/javascript+module": "esm",
  "text/javascript+module": "esm",
  "application/javascript": "cjs",
  "text/javascript": "cjs",
  "application/wasm": "wasm",
  "application/octet-stream": "data",
  "application/json": "json",
  "text/plain": "text",
};

function buildModule({ type, content }: ScriptModule): EdgeModule {
  const moduleType = MODULE_TYPES[type] ?? "data";
  const isBinary = moduleType === "wasm" || moduleType === "data";
  return { type: moduleType, contents: isBinary ? new Uint8Array(content) : content.toString() };
}

function buildBinding(binding: ScriptBinding): [readonly [string, EdgeBinding]] | undefined {
  switch (binding.type) {
    case "plain_text":
    case "secret_text":
      return [[binding.name, { type: "text", value: String(binding.text) }]];
    case "json":
      return [[binding.name, { type: "json", value: binding.json as string }]];
    case "kv_namespace":
      return [[binding.name, { type: "kv", id: "rules" }]];
    default:
      return undefined;
  }
}

function readField(bindings: readonly ScriptBinding[], type: string, field: string): Record<string, string> {
  const matchingBindings = bindings.filter((binding) => binding.type === type);
  return Object.fromEntries(matchingBindings.map((binding) => [binding.name, String(binding[field])]));
}
