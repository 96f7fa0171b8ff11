import type { ApiCall, ApiReply } from "../api-types.ts";
import { workersErrors } from "./api-errors.ts";
import { readJsonBody, type ScriptCall } from "./workers-context.ts";

/** Shows or changes whether a script answers at workers.dev: `/workers/scripts/NAME/subdomain`. */
export const handleScriptSubdomain: ScriptCall = async (call, scriptName, _rest, { store }) => {
  const script = store.get(scriptName);
  if (!script) return workersErrors.scriptNotFound();
  if (call.method === "GET") return { result: script.subdomain };
  if (call.method !== "POST" && call.method !== "DELETE") return undefined;
  const body = call.method === "DELETE" ? { enabled: false, previews_enabled: false } : readJsonBody(call);
  if (typeof body?.enabled !== "boolean") return workersErrors.invalidUpload("enabled must be true or false");
  const previewsEnabled = typeof body.previews_enabled === "boolean" ? body.previews_enabled : body.enabled;
  const subdomain = { enabled: body.enabled, previews_enabled: previewsEnabled };
  await store.save({ ...script, subdomain });
  return { result: subdomain };
};

/** The name of the account below workers.dev. */
export interface AccountSubdomain {
  name?: string;
}

/** Shows or registers the account's name: `/workers/subdomain`. */
export function handleAccountSubdomain(call: ApiCall, state: AccountSubdomain): ApiReply {
  if (call.method === "PUT") state.name = String(readJsonBody(call)?.subdomain ?? "");
  return state.name === undefined
    ? { status: 404, code: 10007, message: "Your account has no workers.dev subdomain." }
    : { result: { subdomain: state.name } };
}

/** Shows whether a name is free: `GET /workers/subdomains/NAME`. Both answers are errors, as in the real API. */
export function findSubdomain(name: string, state: AccountSubdomain): ApiReply {
  return name === state.name
    ? { status: 409, code: 10031, message: "Subdomain is unavailable, please try a different subdomain." }
    : { status: 404, code: 10032, message: "Subdomain does not exist." };
}
