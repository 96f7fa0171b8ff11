import * as z from "zod/mini";
import type { ApiCall, ApiReply, ErrorReply } from "../api-types.ts";
import { workersErrors } from "./api-errors.ts";
import { withSecret } from "./bindings.ts";
import { deployChangedBindings } from "./script-changes.ts";
import { isNewestVersionDeployed, type LocalScript, type ScriptBinding, type ScriptVersion } from "./script-model.ts";
import { saveScript } from "./upload-calls.ts";
import { findSource, readJsonBody, type ScriptCall, type WorkersContext } from "./workers-context.ts";

const Secret = z.object({ name: z.string(), text: z.string(), type: z.literal("secret_text") });
const SecretBulk = z.object({ secrets: z.record(z.string(), z.nullable(Secret)) });

/** Lists the names of secrets, or shows one: `GET /workers/scripts/NAME/secrets[/SECRET]`. */
export const getSecrets: ScriptCall = (_call, scriptName, [secretName], { store }): ApiReply => {
  const script = store.get(scriptName);
  if (!script) return workersErrors.scriptNotFound();
  const secrets = listSecrets(script.versions[0]?.bindings ?? []);
  if (secretName === undefined) return { result: secrets };
  const secret = secrets.find(({ name }) => name === secretName);
  return secret ? { result: secret } : workersErrors.secretNotFound(secretName);
};

/** Sets a secret, and deploys the version with it: `PUT /workers/scripts/NAME/secrets`. */
export const putSecret: ScriptCall = (call, scriptName, _rest, context) => {
  const secret = z.safeParse(Secret, readJsonBody(call));
  if (!secret.success) return workersErrors.invalidUpload(z.prettifyError(secret.error));
  const { name, text } = secret.data;
  const change = (bindings: readonly ScriptBinding[]) => withSecret(bindings, name, text);
  return changeSecrets(call, scriptName, change, () => ({ name, type: "secret_text" }), context);
};

/** Removes a secret: `DELETE /workers/scripts/NAME/secrets/SECRET`. */
export const deleteSecret: ScriptCall = (call, scriptName, [secretName = ""], context) => {
  const bindings = context.store.get(scriptName)?.versions[0]?.bindings;
  if (bindings && !listSecrets(bindings).some(({ name }) => name === secretName))
    return workersErrors.secretNotFound(secretName);
  return changeSecrets(
    call,
    scriptName,
    (all) => withSecret(all, secretName, undefined),
    () => null,
    context,
  );
};

/** Sets and removes secrets in one version: `PATCH /workers/scripts/NAME/secrets-bulk`. */
export const patchSecrets: ScriptCall = (call, scriptName, _rest, context) => {
  const request = z.safeParse(SecretBulk, readJsonBody(call));
  if (!request.success) return workersErrors.invalidUpload(z.prettifyError(request.error));
  const changes = Object.entries(request.data.secrets);
  const change = (bindings: readonly ScriptBinding[]) =>
    changes.reduce((all, [name, secret]) => withSecret(all, name, secret?.text), bindings);
  return changeSecrets(call, scriptName, change, (bindings) => ({ secrets: listSecrets(bindings) }), context);
};

async function changeSecrets(
  call: ApiCall,
  scriptName: string,
  change: (bindings: readonly ScriptBinding[]) => readonly ScriptBinding[],
  formatResult: (bindings: readonly ScriptBinding[]) => unknown,
  context: WorkersContext,
): Promise<ApiReply> {
  const editable = findEditableVersion(context.store.get(scriptName), workersErrors.secretNotDeployed());
  if ("code" in editable) return editable;
  const { script, version } = editable;
  const bindings = change(version.bindings);
  const changedScript = deployChangedBindings(script, version, bindings, "secret", findSource(call), context.now());
  return (await saveScript(changedScript, context)) ?? { result: formatResult(bindings) };
}

/** Returns the newest version, if it is the deployed one. */
export function findEditableVersion(
  script: LocalScript | undefined,
  notDeployed: ErrorReply,
): { readonly script: LocalScript; readonly version: ScriptVersion } | ErrorReply {
  const version = script?.versions[0];
  if (!script || !version) return workersErrors.scriptNotFound();
  return isNewestVersionDeployed(script) ? { script, version } : notDeployed;
}

function listSecrets(bindings: readonly ScriptBinding[]): { name: string; type: string }[] {
  return bindings.filter(({ type }) => type === "secret_text").map(({ name, type }) => ({ name, type }));
}
