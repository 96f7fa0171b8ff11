/** A module of an uploaded script. `type` is its MIME type. */
export interface ScriptModule {
  readonly name: string;
  readonly type: string;
  readonly content: Buffer;
}

/** A binding as uploaded. Secrets have their `text`. */
export interface ScriptBinding {
  readonly name: string;
  readonly type: string;
  readonly [field: string]: unknown;
}

/** The program that deployed a script. */
export type DeploymentSource = "wrangler" | "api";

/** An uploaded version of a script. It never changes. */
export interface ScriptVersion {
  readonly id: string;
  readonly number: number;
  readonly createdOn: string;
  readonly source: DeploymentSource;
  readonly etag: string;
  readonly mainModule: string;
  readonly compatibilityDate?: string;
  readonly compatibilityFlags: readonly string[];
  readonly modules: readonly ScriptModule[];
  readonly bindings: readonly ScriptBinding[];
  readonly annotations: Readonly<Record<string, string>>;
}

/** The share of requests that a version of a deployment gets. */
export interface VersionShare {
  readonly version_id: string;
  readonly percentage: number;
}

export interface ScriptDeployment {
  readonly id: string;
  readonly createdOn: string;
  readonly source: DeploymentSource;
  readonly versions: readonly VersionShare[];
  readonly annotations: Readonly<Record<string, string>>;
}

/** Settings of a script that no version has. */
export interface UnversionedSettings {
  readonly logpush: boolean;
  readonly observability: unknown;
  readonly tags: readonly string[];
  readonly tail_consumers: readonly unknown[];
}

/** A class of Durable Objects that a migration has created. */
export interface DurableObjectClass {
  readonly id: string;
  readonly name: string;
  readonly usesSqlite: boolean;
}

/** A Worker of the account. Versions and deployments are newest first. */
export interface LocalScript {
  readonly name: string;
  readonly tag: string;
  readonly createdOn: string;
  readonly modifiedOn: string;
  readonly versions: readonly ScriptVersion[];
  readonly deployments: readonly ScriptDeployment[];
  readonly subdomain: { readonly enabled: boolean; readonly previews_enabled: boolean };
  readonly settings: UnversionedSettings;
  readonly schedules: readonly string[];
  readonly migrationTag?: string;
  readonly durableObjectClasses: readonly DurableObjectClass[];
}

/** Returns the version that answers requests: of a gradual deployment, the one with the larger share. */
export function findServedVersion({ versions, deployments }: LocalScript): ScriptVersion | undefined {
  const shares = [...(deployments[0]?.versions ?? [])].sort((a, b) => b.percentage - a.percentage);
  return versions.find(({ id }) => id === shares[0]?.version_id);
}

/** Whether the newest version is the only one that is deployed. Cloudflare changes secrets and settings only then. */
export function isNewestVersionDeployed({ versions, deployments }: LocalScript): boolean {
  const shares = deployments[0]?.versions ?? [];
  return shares.length === 1 && shares[0]?.version_id === versions[0]?.id;
}
