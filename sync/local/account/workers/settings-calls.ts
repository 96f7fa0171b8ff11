import * as z from "zod/mini";
import { isErrorReply } from "../api-types.ts";
import { workersErrors } from "./api-errors.ts";
import { findBindingProblem, hideSecrets, resolveBindings } from "./bindings.ts";
import { deployChangedBindings } from "./script-changes.ts";
import { findServedVersion, type LocalScript } from "./script-model.ts";
import { findEditableVersion } from "./secret-calls.ts";
import { saveScript } from "./upload-calls.ts";
import { readForm, readJsonPart } from "./upload-form.ts";
import { findSource, readJsonBody, type ScriptCall } from "./workers-context.ts";

/** Shows the settings of the served version: `GET /workers/scripts/NAME/settings`. */
export const getSettings: ScriptCall = (_call, scriptName, _rest, { store }) => {
  const script = store.get(scriptName);
  return script ? { result: formatSettings(script) } : workersErrors.scriptNotFound();
};

const VersionedSettings = z.object({
  bindings: z.optional(z.array(z.looseObject({ name: z.string(), type: z.string() }))),
});

/** Changes bindings, as a new version that is deployed: `PATCH /workers/scripts/NAME/settings`, with a form. */
export const patchSettings: ScriptCall = async (call, scriptName, _rest, context) => {
  const form = await readForm(call);
  if (!form) return workersErrors.multipartExpected();
  const request = z.safeParse(VersionedSettings, await readJsonPart(form, "settings"));
  if (!request.success) return workersErrors.invalidUpload(z.prettifyError(request.error));
  const editable = findEditableVersion(context.store.get(scriptName), workersErrors.settingsNotDeployed());
  if (isErrorReply(editable)) return editable;
  const { script, version } = editable;
  const bindings = resolveBindings(request.data.bindings ?? version.bindings, [], version.bindings);
  if (isErrorReply(bindings)) return bindings;
  const problem = findBindingProblem(bindings, script, context);
  if (problem) return problem;
  const changedScript = deployChangedBindings(script, version, bindings, "settings", findSource(call), context.now());
  return (await saveScript(changedScript, context)) ?? { result: formatSettings(changedScript) };
};

/** Shows the settings that no version has: `GET /workers/scripts/NAME/script-settings`. */
export const getScriptSettings: ScriptCall = (_call, scriptName, _rest, { store }) => {
  const script = store.get(scriptName);
  return script ? { result: script.settings } : workersErrors.scriptNotFound();
};

const ScriptSettingsChange = z.object({
  logpush: z.optional(z.boolean()),
  observability: z.optional(z.unknown()),
  tags: z.optional(z.nullable(z.array(z.string()))),
  tail_consumers: z.optional(z.nullable(z.array(z.unknown()))),
});

/** Changes the settings that no version has: `PATCH /workers/scripts/NAME/script-settings`. */
export const patchScriptSettings: ScriptCall = async (call, scriptName, _rest, { store }) => {
  const script = store.get(scriptName);
  if (!script) return workersErrors.scriptNotFound();
  const request = z.safeParse(ScriptSettingsChange, readJsonBody(call));
  if (!request.success) return workersErrors.invalidUpload(z.prettifyError(request.error));
  const { logpush, observability, tags, tail_consumers } = request.data;
  const settings = {
    logpush: logpush ?? script.settings.logpush,
    observability: observability ?? script.settings.observability,
    tags: tags === undefined ? script.settings.tags : (tags ?? []),
    tail_consumers: tail_consumers === undefined ? script.settings.tail_consumers : (tail_consumers ?? []),
  };
  await store.save({ ...script, settings });
  return { result: settings };
};

/** Lists cron triggers, or replaces them: `/workers/scripts/NAME/schedules`. */
export const handleSchedules: ScriptCall = async (call, scriptName, _rest, { store }) => {
  const script = store.get(scriptName);
  if (!script) return workersErrors.scriptNotFound();
  const schedules =
    call.method === "PUT"
      ? z.parse(z.array(z.object({ cron: z.string() })), readJsonBody(call)).map(({ cron }) => cron)
      : script.schedules;
  await store.save({ ...script, schedules });
  return { result: { schedules: schedules.map((cron) => ({ cron })) } };
};

function formatSettings(script: LocalScript): object {
  const version = findServedVersion(script);
  return {
    ...script.settings,
    bindings: hideSecrets(version?.bindings ?? []),
    compatibility_date: version?.compatibilityDate ?? null,
    compatibility_flags: version?.compatibilityFlags ?? [],
    usage_model: "standard",
    migration_tag: script.migrationTag ?? null,
  };
}
