import { hideSecrets } from "./bindings.ts";
import { findServedVersion, type LocalScript, type ScriptDeployment, type ScriptVersion } from "./script-model.ts";

/** Returns a script as the API shows it. */
export function formatScript(script: LocalScript): object {
  const version = findServedVersion(script) ?? script.versions[0];
  return {
    id: script.name,
    tag: script.tag,
    etag: version?.etag ?? null,
    handlers: ["fetch"],
    named_handlers: [],
    created_on: script.createdOn,
    modified_on: script.modifiedOn,
    usage_model: "standard",
    compatibility_date: version?.compatibilityDate ?? null,
    compatibility_flags: version?.compatibilityFlags ?? [],
    migration_tag: script.migrationTag ?? null,
    last_deployed_from: script.deployments[0]?.source ?? null,
    // The id of the version without hyphens, as the real API has it.
    deployment_id: version?.id.replaceAll("-", "") ?? null,
    has_assets: false,
    has_modules: true,
    ...script.settings,
  };
}

/** Returns a version as the API shows it. Values of secrets are left out. */
export function formatVersion(script: LocalScript, version: ScriptVersion): object {
  return {
    id: version.id,
    number: version.number,
    metadata: {
      created_on: version.createdOn,
      modified_on: version.createdOn,
      source: version.source,
      author_id: "",
      author_email: "",
      has_preview: false,
    },
    annotations: version.annotations,
    resources: {
      script: {
        etag: version.etag,
        handlers: ["fetch"],
        named_handlers: [],
        last_deployed_from: version.source,
      },
      script_runtime: {
        usage_model: "standard",
        compatibility_date: version.compatibilityDate ?? null,
        compatibility_flags: version.compatibilityFlags,
        migration_tag: script.migrationTag ?? null,
      },
      bindings: withNamespaceIds(script, version),
    },
  };
}

/** Returns a deployment as the API shows it. */
export function formatDeployment({ id, createdOn, source, versions, annotations }: ScriptDeployment): object {
  return { id, created_on: createdOn, source, strategy: "percentage", author_email: "", annotations, versions };
}

function withNamespaceIds({ name, durableObjectClasses }: LocalScript, { bindings }: ScriptVersion): object[] {
  return hideSecrets(bindings).map((binding) => {
    if (binding.type !== "durable_object_namespace" || (binding.script_name ?? name) !== name) return binding;
    const id = durableObjectClasses.find((item) => item.name === binding.class_name)?.id;
    return { ...binding, namespace_id: id };
  });
}
