import type { IncomingMessage, ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { errorMessage } from "../../../../src/rules/error-message.ts";
import { type ApiCall, type ApiReply, isErrorReply, type LocalApi } from "../api-types.ts";
import { damageReply, type FaultPlan, findEarlyFault } from "../fault-injection.ts";
import { authorize } from "../tokens/authorization.ts";
import { findMissingPermission } from "../tokens/permissions.ts";
import type { TokenStore } from "../tokens/token-store.ts";
import type { CallBudget } from "./call-budget.ts";
import { buildHttpReply, parseCall, sendReply } from "./http-calls.ts";

export interface ApiHandlerOptions {
  readonly apis: readonly LocalApi[];
  readonly tokens: TokenStore;
  readonly budget: CallBudget;
  readonly faults: () => FaultPlan;
  readonly findZoneName: (zoneId: string) => string | undefined;
  /** Called with every request, including those that get a fault. */
  readonly onRequest: (method: string, path: string) => void;
}

/** Creates the handler of the API's requests. */
export function createApiHandler(options: ApiHandlerOptions) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    handleRequest(request, response, options).catch(() => response.destroy()); // the client disconnected
  };
}

/** A call is counted, and then checked: its headers, its permission, and its path. */
async function handleRequest(
  request: IncomingMessage,
  response: ServerResponse,
  options: ApiHandlerOptions,
): Promise<void> {
  const send = (reply: ApiReply) => sendReply(response, buildHttpReply(reply));
  const call = parseCall(request, await buffer(request));
  if (!call) return send({ status: 400, code: 7003, message: "Could not route to the path" });
  options.onRequest(call.method, call.line.slice(call.method.length + 1));
  const token = authorize(call.headers, call.path, options.tokens);
  if (!isErrorReply(token)) {
    const owner = token.kind === "user" ? "user" : token.id;
    const { headers, error } = options.budget.spend(owner);
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (error) return send(error);
  }
  const carryOut = async () =>
    buildHttpReply(isErrorReply(token) ? token : await dispatchCall({ ...call, token }, options));
  const faults = options.faults();
  const reply = findEarlyFault(faults, call.line) ?? damageReply(faults, call.line, await carryOut());
  if (reply !== "hang") sendReply(response, reply);
}

async function dispatchCall(call: ApiCall, { apis, findZoneName }: ApiHandlerOptions): Promise<ApiReply> {
  const missingPermission = findMissingPermission(call, findZoneName);
  if (missingPermission) return missingPermission;
  try {
    for (const api of apis) {
      const reply = await api(call);
      if (reply) return reply;
    }
  } catch (error) {
    return { status: 400, code: 10012, message: errorMessage(error) };
  }
  return { status: 404, code: 7003, message: `Could not route to ${call.path.join("/")}` };
}
