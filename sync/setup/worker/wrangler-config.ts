import type { SettingsByEnvironment, SetupSettings } from "../settings.ts";

/** The runtime behavior of this date. Tests run with the same date. */
export const WORKER_COMPATIBILITY_DATE = "2026-11-17";

/** Classes of the Worker's Durable Objects by binding. */
export const DURABLE_OBJECTS: Readonly<Record<string, string>> = { FLOOR: "GenerationFloor", LIMITER: "Limiter" };

/** Steps that create the classes. A step that was deployed must not change. */
export const MIGRATIONS = [
  { tag: "limiter", new_sqlite_classes: ["Limiter"] },
  { tag: "floor", new_sqlite_classes: ["GenerationFloor"] },
];

export const ANALYTICS_DATASET = "edgress";

/** Formats the configuration of wrangler for all environments. `build` names the version of the Worker. */
export function formatWranglerConfig(settingsByEnvironment: SettingsByEnvironment, build: string): string {
  const environments = [...settingsByEnvironment].filter(([, { namespaceId }]) => namespaceId !== undefined);
  const config = {
    main: "worker/index.js",
    no_bundle: true, // it is bundled already
    compatibility_date: WORKER_COMPATIBILITY_DATE,
    // Without routes of a zone, requests would bypass the zone's WAF, Access and client certificates.
    workers_dev: false,
    preview_urls: false,
    migrations: MIGRATIONS,
    observability: { enabled: true },
    env: Object.fromEntries(environments.map(([name, settings]) => [name, buildEnvironment(settings, build)])),
  };
  return `// Written by \`edgress init\`. Changes are lost. Run \`edgress init\` again to change it.\n${JSON.stringify(config, undefined, 2)}\n`;
}

function buildEnvironment(settings: SetupSettings, build: string) {
  const { script, namespaceId, analytics } = settings;
  return {
    name: script,
    kv_namespaces: [{ binding: "RULES", id: namespaceId }],
    durable_objects: {
      bindings: Object.entries(DURABLE_OBJECTS).map(([name, className]) => ({ name, class_name: className })),
    },
    ...(analytics && { analytics_engine_datasets: [{ binding: "ANALYTICS", dataset: ANALYTICS_DATASET }] }),
    vars: buildWorkerVariables(settings, build),
  };
}

/** Returns the Worker's variables. None is secret. */
export function buildWorkerVariables({ namespaceId = "", verifyingKeys }: SetupSettings, build: string) {
  return {
    EDGRESS_BUILD: build,
    EDGRESS_KV_NAMESPACE_ID: namespaceId,
    EDGRESS_VERIFYING_KEY: verifyingKeys.join(","),
  };
}
