import type { IncomingMessage, ServerResponse } from "node:http";
import { type ApiServerReply, assertAuthorized, handleObjectRequest, newForbidden } from "./answers.ts";
import {
  type ApiRequest,
  type ArmedFault,
  isResponseFault,
  matchesRequest,
  type RequestMatcher,
  takeFault,
} from "./faults.ts";
import type { ObjectList } from "./lists.ts";
import {
  type ApiResource,
  findDiscoveryDocument,
  isGroupServed,
  parseRequestTarget,
  type RequestTarget,
} from "./resources.ts";
import { checkPatchType, readApiRequest, sendApiReply, sendFault } from "./send.ts";
import { buildStatus, newPathNotFound, Refusal } from "./statuses.ts";
import type { ObjectStore } from "./store.ts";
import { reduceToMetadata, WatchStream } from "./watches.ts";

/** The state of the server. */
export interface ServerState {
  readonly token: string;
  readonly store: ObjectStore;
  readonly resources: readonly ApiResource[];
  readonly requests: ApiRequest[];
  readonly armedFaults: ArmedFault[];
  readonly forbiddenRequests: RequestMatcher[];
  readonly watches: Set<WatchStream>;
}

/** Responds to a request, or injects its fault. */
export async function respond(server: ServerState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const apiRequest = await readApiRequest(request);
  server.requests.push(apiRequest);
  const isWatching = isWatchRequest(apiRequest);
  const fault = takeFault(server.armedFaults, apiRequest, isWatching);
  if (fault && isResponseFault(fault)) {
    if (!sendFault(response, fault)) sendApiReply(response, buildReply(server, request, apiRequest), fault);
    return;
  }
  if (!isWatching) {
    sendApiReply(response, buildReply(server, request, apiRequest));
    return;
  }
  const target = catchRefusal(() => authorizeRequest(server, request, apiRequest)) ?? newPathNotFound();
  if (target instanceof Refusal) {
    sendApiReply(response, { code: target.code, body: buildStatus(target) });
    return;
  }
  const watch = new WatchStream(server.store, target, apiRequest, response, {
    fault,
    isMetadataOnly: isMetadataOnly(request),
  });
  server.watches.add(watch);
  response.once("close", () => server.watches.delete(watch));
}

function buildReply(server: ServerState, request: IncomingMessage, apiRequest: ApiRequest): ApiServerReply {
  const answer = catchRefusal(() => handleRequest(server, request, apiRequest));
  return answer instanceof Refusal ? { code: answer.code, body: buildStatus(answer) } : answer;
}

function handleRequest(server: ServerState, request: IncomingMessage, apiRequest: ApiRequest): ApiServerReply {
  const target = authorizeRequest(server, request, apiRequest);
  if (target) {
    const reply = handleObjectRequest(server.store, server.resources, target, apiRequest);
    return isMetadataOnly(request) ? keepMetadata(reply) : reply;
  }
  const body = findDiscoveryDocument(apiRequest.path, server.resources);
  if (body) return { code: 200, body };
  if (isGroupServed(apiRequest.path, server.resources)) throw newPathNotFound();
  return { code: 404, body: "404 page not found\n" };
}

/** Returns an object or list without content, as a server does for PartialObjectMetadata. */
function keepMetadata(reply: ApiServerReply): ApiServerReply {
  if (reply.code !== 200 || typeof reply.body === "string") return reply;
  const { metadata, items } = reply.body as Partial<ObjectList>;
  if (!items) return { ...reply, body: reduceToMetadata({ metadata }) };
  const list = { kind: "PartialObjectMetadataList", apiVersion: "meta.k8s.io/v1", metadata };
  return { ...reply, body: { ...list, items: items.map(reduceToMetadata) } };
}

function isMetadataOnly({ headers }: IncomingMessage): boolean {
  return headers.accept?.includes("as=PartialObjectMetadata") === true;
}

/** Checks permissions and returns the target. Returns undefined for paths without objects. */
function authorizeRequest(
  server: ServerState,
  { headers }: IncomingMessage,
  apiRequest: ApiRequest,
): RequestTarget | undefined {
  assertAuthorized(headers.authorization, server.token);
  const target = parseRequestTarget(apiRequest.path, server.resources);
  if (target && server.forbiddenRequests.some((matcher) => matchesRequest(matcher, apiRequest)))
    throw newForbidden(target, apiRequest, isWatchRequest(apiRequest));
  const refusal = checkPatchType(apiRequest, headers["content-type"]);
  if (refusal) throw refusal;
  return target;
}

function isWatchRequest({ query }: ApiRequest): boolean {
  return query.watch === "true" || query.watch === "1";
}

function catchRefusal<T>(action: () => T): T | Refusal {
  try {
    return action();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}
