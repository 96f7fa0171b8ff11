import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { converted } from "./conversion.ts";
import { groupVersionOf, type Resource, type Target } from "./resources.ts";
import { alreadyExists, badRequest, conflict, invalid, notFound, Refusal } from "./statuses.ts";
import type { KubernetesObject, Metadata, Store } from "./store.ts";

const MODIFIED = "the object has been modified; please apply your changes to the latest version and try again";

/** An object as a client sends it: any of it may be missing or wrong. */
export interface Sent {
  readonly apiVersion?: unknown;
  readonly kind?: unknown;
  readonly metadata?: Partial<Metadata>;
  readonly [field: string]: unknown;
}

/** Creates what a POST sends. */
export function create(store: Store, { resource, namespace }: Target, sent: Sent, now: Date): KubernetesObject {
  const { name, ...metadata } = accepted(sent, resource, namespace);
  if (!name) throw invalid(resource, "", "metadata.name: Required value: name or generateName is required");
  if (metadata.resourceVersion)
    throw new Refusal(500, "", "resourceVersion should not be set on objects to be created");
  if (store.get(resource.plural, namespace, name)) throw alreadyExists(resource, name);
  if (resource.namespaced) mustBeThere(store, namespace ?? "");
  const object = {
    ...sent,
    apiVersion: groupVersionOf(resource),
    kind: resource.kind,
    metadata: { ...metadata, name, ...(namespace !== undefined && { namespace }), ...born(resource, now) },
    ...(resource.status && { status: resource.status }),
  };
  return store.put(resource.plural, object);
}

/** What the server gives every new object. */
export function born({ status }: Resource, now: Date) {
  return {
    uid: randomUUID(),
    creationTimestamp: `${now.toISOString().slice(0, 19)}Z`,
    ...(status && { generation: 1 }),
  };
}

function mustBeThere(store: Store, namespace: string): void {
  if (!store.get("namespaces", undefined, namespace)) throw notFound({ group: "", plural: "namespaces" }, namespace);
}

/** Replaces what a PUT is about. */
export function replace(store: Store, target: Target, name: string, sent: Sent, now: Date): KubernetesObject {
  const { resource, namespace } = target;
  const metadata = accepted(sent, resource, namespace);
  mustBeNamed(metadata.name ?? "", name);
  if (resource.upserts && !store.get(resource.plural, namespace, name)) return create(store, target, sent, now);
  const before = existing(store, target, name);
  if (!metadata.resourceVersion && resource.versioned) {
    throw invalid(resource, name, "metadata.resourceVersion: Invalid value: 0x0: must be specified for an update");
  }
  return write(store, target, before, { ...sent, metadata });
}

/** Applies a JSON merge patch (RFC 7386). */
export function patch(store: Store, target: Target, name: string, sent: Sent): KubernetesObject {
  const before = existing(store, target, name);
  const { uid } = before.metadata;
  mustBeNamed(sent.metadata?.name ?? name, name);
  if ((sent.metadata?.uid ?? uid) !== uid) throw invalid(target.resource, name, "metadata.uid: field is immutable");
  const patched = merged(converted(before, target.resource), sent) as Sent; // an object patched with an object is one
  return write(store, target, before, patched);
}

function mustBeNamed(own: string, name: string): void {
  if (own === name) return;
  throw badRequest(`the name of the object (${own}) does not match the name on the URL (${name})`);
}

function write(store: Store, target: Target, before: KubernetesObject, sent: Sent): KubernetesObject {
  const { resource } = target;
  const { name, resourceVersion, uid } = before.metadata;
  const metadata = sent.metadata ?? {};
  if (metadata.resourceVersion && metadata.resourceVersion !== resourceVersion) {
    throw conflict(resource, name, MODIFIED);
  }
  if (metadata.uid && metadata.uid !== uid) {
    const why = `UID in precondition: ${metadata.uid}, UID in object meta: ${uid}`;
    throw conflict(resource, name, `Precondition failed: ${why}`);
  }
  const after = next(target, converted(before, resource), sent);
  // What changes nothing is not written: no new version, and no event.
  return isDeepStrictEqual(after, converted(before, resource)) ? before : store.put(resource.plural, after);
}

/** The object after an update of `before`: /status writes the status and metadata alone, all else everything but the status. */
function next({ resource, status }: Target, before: KubernetesObject, sent: Sent): KubernetesObject {
  const { uid, creationTimestamp, resourceVersion, generation, namespace, name } = before.metadata;
  const fixed = { uid, creationTimestamp, resourceVersion, generation, namespace, name };
  const body = without(resource.status && status ? before : sent, "status");
  const own = resource.status && !status ? before.status : sent.status;
  const metadata = { ...sent.metadata, ...defined(fixed) } as Metadata; // its name is the one before
  const after = {
    ...body,
    apiVersion: before.apiVersion,
    kind: before.kind,
    metadata,
    ...(own !== undefined && { status: own }),
  };
  if (generation === undefined || isDeepStrictEqual(sent.spec, before.spec) || status) return after;
  return { ...after, metadata: { ...metadata, generation: generation + 1 } };
}

/** Removes what a DELETE is about; a namespace takes all that is in it along. */
export function remove(store: Store, target: Target, name: string, sent: Sent, plurals: readonly string[]): object {
  const { resource, namespace } = target;
  const { uid, resourceVersion } = existing(store, target, name).metadata;
  const wanted = (sent.preconditions ?? {}) as Partial<Metadata>; // of DeleteOptions
  if ((wanted.uid ?? uid) !== uid || (wanted.resourceVersion ?? resourceVersion) !== resourceVersion) {
    throw conflict(resource, name, "Precondition failed");
  }
  if (resource.plural === "namespaces") empty(store, name, plurals);
  store.remove(resource.plural, namespace, name);
  const details = { name, ...(resource.group && { group: resource.group }), kind: resource.plural, uid };
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details };
}

/** Removes all that is in a namespace. */
export function empty(store: Store, namespace: string, plurals: readonly string[]): void {
  for (const plural of plurals) {
    for (const { metadata } of store.at(plural, store.version) ?? []) {
      if (metadata.namespace === namespace) store.remove(plural, namespace, metadata.name);
    }
  }
}

function existing(store: Store, { resource, namespace }: Target, name: string): KubernetesObject {
  const object = store.get(resource.plural, namespace, name);
  if (!object) throw notFound(resource, name);
  return object;
}

/** The metadata of what is sent, once it is known to be what the path says. */
function accepted(sent: Sent, resource: Resource, namespace: string | undefined): Partial<Metadata> {
  if (
    (sent.kind ?? resource.kind) !== resource.kind ||
    (sent.apiVersion ?? groupVersionOf(resource)) !== groupVersionOf(resource)
  ) {
    const got = `${String(sent.apiVersion)}, Kind=${String(sent.kind)}`;
    throw badRequest(`the object provided (${got}) is not a ${groupVersionOf(resource)} ${resource.kind}`);
  }
  const metadata = sent.metadata ?? {};
  if ((metadata.namespace ?? namespace) !== namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  return metadata;
}

function merged(value: unknown, change: unknown): unknown {
  if (!isFields(change)) return change;
  const result: Record<string, unknown> = isFields(value) ? { ...value } : {};
  for (const [name, part] of Object.entries(change)) {
    if (part === null) delete result[name];
    else result[name] = merged(result[name], part);
  }
  return result;
}

function without(fields: Readonly<Record<string, unknown>>, name: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([key]) => key !== name));
}

function defined(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
