import * as z from "zod/mini";
import type { ApiReply } from "../api-types.ts";
import { workersErrors } from "./api-errors.ts";
import { withSecret } from "./bindings.ts";
import { addVersion } from "./script-changes.ts";
import type { LocalScript } from "./script-model.ts";
import { formatScript, formatVersion } from "./script-replies.ts";
import { findSource, readJsonBody, type ScriptCall } from "./workers-context.ts";

/** Shows or deletes a script as a service: `/workers/services/NAME`, as wrangler calls it. */
export const handleService: ScriptCall = async (call, scriptName, rest, context) => {
  if (rest.length > 0) return undefined;
  const script = context.store.get(scriptName);
  if (!script) return workersErrors.scriptNotFound();
  if (call.method === "DELETE") return deleteScript(call, scriptName, rest, context);
  if (call.method !== "GET") return undefined;
  const environment = {
    environment: "production",
    created_on: script.createdOn,
    modified_on: script.modifiedOn,
    script: formatScript(script),
  };
  return { result: { id: scriptName, default_environment: environment, environments: [environment] } };
};

/** Deletes a script with its versions, secrets and deployments: `DELETE /workers/scripts/NAME`. */
export const deleteScript: ScriptCall = async (_call, scriptName, _rest, { store }) => {
  if (!store.get(scriptName)) return workersErrors.scriptNotFound();
  await store.remove(scriptName);
  return { result: { id: scriptName } };
};

const SecretPatch = z.object({
  env: z.record(z.string(), z.nullable(z.object({ type: z.literal("secret_text"), text: z.string() }))),
  annotations: z.optional(z.record(z.string(), z.optional(z.string()))),
});

/**
 * Shows a Worker, or changes the secrets of its newest version without deploying it: `/workers/workers/NAME`, as `wrangler
 * deploy` and `wrangler versions secret` call it.
 */
export const handleWorker: ScriptCall = async (call, scriptName, rest, context): Promise<ApiReply | undefined> => {
  const script = context.store.get(scriptName);
  const line = [call.method, ...rest].join(" ");
  if (line !== "GET" && line !== "PATCH versions latest") return undefined;
  if (!script) return workersErrors.scriptNotFound();
  if (line === "GET") return { result: formatWorker(script) };
  const [newestVersion] = script.versions;
  if (!newestVersion) return workersErrors.noVersions();
  const request = z.safeParse(SecretPatch, readJsonBody(call));
  if (!request.success) return workersErrors.invalidUpload(z.prettifyError(request.error));
  const changes = Object.entries(request.data.env);
  const bindings = changes.reduce((all, [name, secret]) => withSecret(all, name, secret?.text), newestVersion.bindings);
  const annotations = { ...newestVersion.annotations, "workers/triggered_by": "secret" };
  const changedScript = addVersion(
    script,
    { ...newestVersion, bindings, annotations },
    findSource(call),
    context.now(),
  );
  await context.store.save(changedScript);
  return { result: formatVersion(changedScript, changedScript.versions[0]) };
};

function formatWorker(script: LocalScript): object {
  return {
    id: script.tag,
    name: script.name,
    created_on: script.createdOn,
    updated_on: script.modifiedOn,
    logpush: script.settings.logpush,
    observability: script.settings.observability,
    tags: script.settings.tags,
    tail_consumers: script.settings.tail_consumers,
    subdomain: script.subdomain,
    references: listReferences(),
  };
}

/** Lists what depends on a script: `GET /workers/scripts/NAME/references`. Nothing of the local account does. */
export const getReferences: ScriptCall = (_call, scriptName, _rest, { store }) =>
  store.get(scriptName) ? { result: listReferences() } : workersErrors.scriptNotFound();

function listReferences(): object {
  return {
    services: { incoming: [], outgoing: [], pages_function: false },
    durable_objects: [],
    dispatch_outbounds: [],
  };
}
