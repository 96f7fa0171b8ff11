import { convertToVersion } from "./conversion.ts";
import type { ApiRequest } from "./faults.ts";
import { listObjects } from "./lists.ts";
import { type ApiResource, formatGroupResource, type RequestTarget } from "./resources.ts";
import { newBadRequest, newNotFound, newUnauthorized, Refusal } from "./statuses.ts";
import type { KubernetesObject, ObjectStore } from "./store.ts";
import { createObject, patchObject, removeObject, replaceObject, type SentObject } from "./writes.ts";

export interface ApiServerReply {
  readonly code: number;
  /** A string is sent unchanged. */
  readonly body: object | string;
}

/** Executes a request, except a watch. Throws a `Refusal` for an error response. */
export function handleObjectRequest(
  store: ObjectStore,
  resources: readonly ApiResource[],
  target: RequestTarget,
  request: ApiRequest,
): ApiServerReply {
  const { resource, name } = target;
  const convert = (object: KubernetesObject) => convertToVersion(object, resource);
  if (name === undefined) {
    if (request.method === "GET") return { code: 200, body: listObjects(store, target, request.query) };
    if (request.method !== "POST") throw newMethodNotAllowed();
    return { code: 201, body: convert(createObject(store, target, parseSentObject(request), new Date())) };
  }
  switch (request.method) {
    case "GET": {
      const object = store.get(resource.plural, target.namespace, name);
      if (!object) throw newNotFound(resource, name);
      return { code: 200, body: convert(object) };
    }
    case "PUT":
      return { code: 200, body: convert(replaceObject(store, target, name, parseSentObject(request), new Date())) };
    case "PATCH":
      return { code: 200, body: convert(patchObject(store, target, name, parseSentObject(request))) };
    case "DELETE": {
      const plurals = resources.filter(({ namespaced }) => namespaced).map(({ plural }) => plural);
      return {
        code: 200,
        body: removeObject(store, target, name, request.body === undefined ? {} : parseSentObject(request), plurals),
      };
    }
    default:
      throw newMethodNotAllowed();
  }
}

/** Throws a `Refusal` if the token is wrong. */
export function assertAuthorized(authorization: string | undefined, token: string): void {
  if (authorization !== `Bearer ${token}`) throw newUnauthorized();
}

/** Returns the `Refusal` for a missing permission. */
export function newForbidden(
  { resource, namespace, name }: RequestTarget,
  { method }: ApiRequest,
  isWatching: boolean,
): Refusal {
  const scope = namespace === undefined ? "at the cluster scope" : `in the namespace "${namespace}"`;
  const verb = isWatching ? "watch" : (VERBS[method] ?? (name === undefined ? "list" : "get"));
  const explanation = `cannot ${verb} resource "${resource.plural}" in API group "${resource.group}" ${scope}`;
  const object = name === undefined ? formatGroupResource(resource) : `${formatGroupResource(resource)} "${name}"`;
  return new Refusal(403, "Forbidden", `${object} is forbidden: User "edgress" ${explanation}`);
}

const VERBS: Readonly<Record<string, string>> = { POST: "create", PUT: "update", PATCH: "patch", DELETE: "delete" };

function parseSentObject({ body }: ApiRequest): SentObject {
  if (typeof body !== "object" || body === null) throw newBadRequest("the body of the request is not a JSON object");
  return body as SentObject; // every field of SentObject may be invalid
}

function newMethodNotAllowed(): Refusal {
  return new Refusal(405, "MethodNotAllowed", "the server does not allow this method on the requested resource");
}
