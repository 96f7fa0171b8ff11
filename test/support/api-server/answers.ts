import { converted } from "./conversion.ts";
import type { Asked } from "./faults.ts";
import { list } from "./lists.ts";
import { qualified, type Resource, type Target } from "./resources.ts";
import { badRequest, notFound, Refusal, unauthorized } from "./statuses.ts";
import type { KubernetesObject, Store } from "./store.ts";
import { create, patch, remove, replace, type Sent } from "./writes.ts";

export interface Answer {
  readonly code: number;
  /** A string is sent as it is. */
  readonly body: object | string;
}

/** Does what a request asks for, watches aside. Throws a Refusal where the answer is no. */
export function answerOf(store: Store, resources: readonly Resource[], target: Target, asked: Asked): Answer {
  const { resource, name } = target;
  const own = (object: KubernetesObject) => converted(object, resource);
  if (name === undefined) {
    if (asked.method === "GET") return { code: 200, body: list(store, target, asked.query) };
    if (asked.method !== "POST") throw notAllowed();
    return { code: 201, body: own(create(store, target, sentOf(asked), new Date())) };
  }
  switch (asked.method) {
    case "GET": {
      const object = store.get(resource.plural, target.namespace, name);
      if (!object) throw notFound(resource, name);
      return { code: 200, body: own(object) };
    }
    case "PUT":
      return { code: 200, body: own(replace(store, target, name, sentOf(asked), new Date())) };
    case "PATCH":
      return { code: 200, body: own(patch(store, target, name, sentOf(asked))) };
    case "DELETE": {
      const plurals = resources.filter(({ namespaced }) => namespaced).map(({ plural }) => plural);
      return { code: 200, body: remove(store, target, name, asked.body === undefined ? {} : sentOf(asked), plurals) };
    }
    default:
      throw notAllowed();
  }
}

/** Throws the Refusal of a client without the right token. */
export function mustBeKnown(authorization: string | undefined, token: string): void {
  if (authorization !== `Bearer ${token}`) throw unauthorized();
}

/** The Refusal of a client that may not do what it asks. */
export function forbidden({ resource, namespace, name }: Target, { method }: Asked, watching: boolean): Refusal {
  const where = namespace === undefined ? "at the cluster scope" : `in the namespace "${namespace}"`;
  const verb = watching ? "watch" : (VERBS[method] ?? (name === undefined ? "list" : "get"));
  const what = `cannot ${verb} resource "${resource.plural}" in API group "${resource.group}" ${where}`;
  const object = name === undefined ? qualified(resource) : `${qualified(resource)} "${name}"`;
  return new Refusal(403, "Forbidden", `${object} is forbidden: User "edgress" ${what}`);
}

const VERBS: Readonly<Record<string, string>> = { POST: "create", PUT: "update", PATCH: "patch", DELETE: "delete" };

function sentOf({ body }: Asked): Sent {
  if (typeof body !== "object" || body === null) throw badRequest("the body of the request is not a JSON object");
  return body as Sent; // any of its fields may be wrong, which is what Sent says
}

function notAllowed(): Refusal {
  return new Refusal(405, "MethodNotAllowed", "the server does not allow this method on the requested resource");
}
