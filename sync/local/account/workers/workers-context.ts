import type { ApiCall, ApiReply } from "../api-types.ts";
import type { BindingTargets } from "./bindings.ts";
import type { DeploymentSource } from "./script-model.ts";
import type { ScriptStore } from "./script-store.ts";

/** The parts of the account that the endpoints of Workers use. */
export interface WorkersContext extends BindingTargets {
  readonly store: ScriptStore;
  readonly now: () => Date;
  /** Whether the account has the Workers Free plan. */
  readonly isFreePlan: () => boolean;
}

/** Responds to a call below `/workers/scripts/NAME/`, with the rest of its path. */
export type ScriptCall = (
  call: ApiCall,
  scriptName: string,
  rest: readonly string[],
  context: WorkersContext,
) => Promise<ApiReply | undefined> | ApiReply | undefined;

/** Returns the program that made a call. */
export function findSource({ headers }: ApiCall): DeploymentSource {
  return headers["user-agent"]?.startsWith("wrangler/") ? "wrangler" : "api";
}

/** Reads a JSON body. Returns undefined if it is no JSON object. */
export function readJsonBody(call: ApiCall): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(call.body.toString());
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
