import { gzipSync } from "node:zlib";
import { type ErrorReply, isErrorReply } from "../api-types.ts";
import { workersErrors } from "./api-errors.ts";
import { findBindingProblem, resolveBindings } from "./bindings.ts";
import { applyMigration } from "./migrations.ts";
import { addDeployment, addVersion, createScript } from "./script-changes.ts";
import type { LocalScript, ScriptModule, ScriptVersion } from "./script-model.ts";
import { formatScript, formatVersion } from "./script-replies.ts";
import { readUpload, type ScriptUpload } from "./upload-form.ts";
import { findSource, type ScriptCall, type WorkersContext } from "./workers-context.ts";

const MEBIBYTE = 1024 ** 2;
/** Maximum size of a script, compressed. */
const MAX_SCRIPT_MIB = { free: 3, paid: 10 } as const;
const MAX_SCRIPTS = { free: 100, paid: 500 } as const;

/** Uploads a script and deploys it: `PUT /workers/scripts/NAME`. */
export const putScript: ScriptCall = async (call, scriptName, _rest, context) => {
  const upload = await readUpload(call);
  if (isErrorReply(upload)) return upload;
  const existingScript = context.store.get(scriptName);
  const limit = MAX_SCRIPTS[context.isFreePlan() ? "free" : "paid"];
  if (!existingScript && context.store.list().length >= limit) return workersErrors.tooManyScripts(limit);
  const now = context.now();
  const source = findSource(call);
  const uploaded = addUploadedVersion(existingScript ?? createScript(scriptName, now), upload, source, context);
  if (isErrorReply(uploaded)) return uploaded;
  const [version] = uploaded.versions;
  const shares = [{ version_id: version.id, percentage: 100 }];
  const deployedScript = addDeployment(
    { ...uploaded, settings: { ...uploaded.settings, ...readUnversionedSettings(upload) } },
    shares,
    version.annotations,
    source,
    now,
  );
  const failure = await saveScript(deployedScript, context);
  return failure ?? { result: { ...formatScript(deployedScript), startup_time_ms: 5 } };
};

/** Uploads a version without deploying it: `POST /workers/scripts/NAME/versions`. */
export const postVersion: ScriptCall = async (call, scriptName, _rest, context) => {
  const upload = await readUpload(call);
  if (isErrorReply(upload)) return upload;
  const script = context.store.get(scriptName);
  if (!script) return workersErrors.scriptNotFound();
  if (upload.metadata.migrations)
    return workersErrors.invalidUpload("Version upload failed. You attempted to upload a version with a migration.");
  const uploaded = addUploadedVersion(script, upload, findSource(call), context);
  if (isErrorReply(uploaded)) return uploaded;
  await context.store.save(uploaded);
  return { result: { ...formatVersion(uploaded, uploaded.versions[0]), startup_time_ms: 5 } };
};

/** Stores a deployed script. A script that does not start is rejected, and the former one stays. */
export async function saveScript(script: LocalScript, { store }: WorkersContext): Promise<ErrorReply | undefined> {
  try {
    await store.save(script);
    return undefined;
  } catch (error) {
    return workersErrors.invalidUpload(error instanceof Error ? error.message : String(error));
  }
}

type UploadedScript = LocalScript & { readonly versions: readonly [ScriptVersion, ...ScriptVersion[]] };

function addUploadedVersion(
  script: LocalScript,
  { mainModule, modules, metadata }: ScriptUpload,
  source: ScriptVersion["source"],
  context: WorkersContext,
): UploadedScript | ErrorReply {
  const maxMebibytes = MAX_SCRIPT_MIB[context.isFreePlan() ? "free" : "paid"];
  if (measureCompressed(modules, maxMebibytes * MEBIBYTE) > maxMebibytes * MEBIBYTE)
    return workersErrors.tooLarge(`${maxMebibytes} MiB`);
  const migrated = applyMigration(script, metadata.migrations, context.isFreePlan());
  if (isErrorReply(migrated)) return migrated;
  const existingBindings = script.versions[0]?.bindings ?? [];
  const bindings = resolveBindings(metadata.bindings ?? [], metadata.keep_bindings ?? [], existingBindings);
  if (isErrorReply(bindings)) return bindings;
  const migratedScript = { ...script, ...migrated };
  const problem = findBindingProblem(bindings, migratedScript, context);
  if (problem) return problem;
  const content = {
    mainModule,
    modules,
    bindings,
    ...(metadata.compatibility_date !== undefined && { compatibilityDate: metadata.compatibility_date }),
    compatibilityFlags: metadata.compatibility_flags ?? [],
    annotations: { ...metadata.annotations, "workers/triggered_by": "upload" },
  };
  return addVersion(migratedScript, content, source, context.now());
}

/** Returns the compressed size of modules, or their size if it is already within the limit. */
function measureCompressed(modules: readonly ScriptModule[], limit: number): number {
  const bytes = modules.reduce((sum, { content }) => sum + content.length, 0);
  return bytes <= limit ? bytes : modules.reduce((sum, { content }) => sum + gzipSync(content, { level: 1 }).length, 0);
}

function readUnversionedSettings({ metadata }: ScriptUpload): Partial<LocalScript["settings"]> {
  const { logpush, observability, tags, tail_consumers } = metadata;
  return {
    ...(logpush !== undefined && { logpush }),
    ...(observability !== undefined && { observability }),
    ...(tags !== undefined && { tags }),
    ...(tail_consumers !== undefined && { tail_consumers }),
  };
}
