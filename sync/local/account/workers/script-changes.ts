import { createHash, randomBytes, randomUUID } from "node:crypto";
import { deriveId } from "../api-types.ts";
import type {
  DeploymentSource,
  LocalScript,
  ScriptBinding,
  ScriptDeployment,
  ScriptModule,
  ScriptVersion,
  VersionShare,
} from "./script-model.ts";

/** Versions of a script that can be deployed: the newest ones. */
export const MAX_DEPLOYABLE_VERSIONS = 100;

/** Returns a new script without any version. */
export function createScript(name: string, now: Date): LocalScript {
  return {
    name,
    tag: deriveId(`script ${name} ${randomUUID()}`),
    createdOn: now.toISOString(),
    modifiedOn: now.toISOString(),
    versions: [],
    deployments: [],
    subdomain: { enabled: false, previews_enabled: false },
    settings: { logpush: false, observability: { enabled: false }, tags: [], tail_consumers: [] },
    schedules: [],
    durableObjectClasses: [],
  };
}

/** The parts of a version that an upload sets. */
export interface VersionContent {
  readonly mainModule: string;
  readonly compatibilityDate?: string;
  readonly compatibilityFlags: readonly string[];
  readonly modules: readonly ScriptModule[];
  readonly bindings: readonly ScriptBinding[];
  readonly annotations: Readonly<Record<string, string>>;
}

/** Returns the script with a new version, which is the first of the list. It is not deployed yet. */
export function addVersion(
  script: LocalScript,
  content: VersionContent,
  source: DeploymentSource,
  now: Date,
): LocalScript & { readonly versions: readonly [ScriptVersion, ...ScriptVersion[]] } {
  const version: ScriptVersion = {
    ...content,
    id: randomUUID(),
    number: (script.versions[0]?.number ?? 0) + 1,
    createdOn: now.toISOString(),
    source,
    etag: hashModules(content.modules),
  };
  return { ...script, modifiedOn: now.toISOString(), versions: [version, ...script.versions] };
}

/** Returns the script with a new deployment, which is the active one. */
export function addDeployment(
  script: LocalScript,
  versions: readonly VersionShare[],
  annotations: Readonly<Record<string, string>>,
  source: DeploymentSource,
  now: Date,
): LocalScript & { readonly deployments: readonly [ScriptDeployment, ...ScriptDeployment[]] } {
  const deployment: ScriptDeployment = {
    id: randomUUID(),
    createdOn: now.toISOString(),
    source,
    versions,
    annotations,
  };
  return { ...script, modifiedOn: now.toISOString(), deployments: [deployment, ...script.deployments] };
}

/** Returns the script with the bindings of its newest version changed, as a new version that is deployed. */
export function deployChangedBindings(
  script: LocalScript,
  newestVersion: ScriptVersion,
  bindings: readonly ScriptBinding[],
  trigger: string,
  source: DeploymentSource,
  now: Date,
): LocalScript {
  const annotations = { "workers/triggered_by": trigger };
  const changedScript = addVersion(script, { ...newestVersion, bindings, annotations }, source, now);
  const shares = [{ version_id: changedScript.versions[0].id, percentage: 100 }];
  return addDeployment(changedScript, shares, annotations, source, now);
}

function hashModules(modules: readonly ScriptModule[]): string {
  const hash = createHash("sha256");
  for (const { name, content } of modules) hash.update(name).update(content);
  return modules.length === 0 ? randomBytes(32).toString("hex") : hash.digest("hex");
}
