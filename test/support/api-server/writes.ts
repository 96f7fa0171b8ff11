import { isDeepStrictEqual } from "node:util";
import { convertToVersion } from "./conversion.ts";
import { mergePatch } from "./merge-patch.ts";
import { type ApiResource, formatGroupVersion, type RequestTarget } from "./resources.ts";
import {
  assertDataKeys,
  assertName,
  newAlreadyExists,
  newBadRequest,
  newConflict,
  newInvalid,
  newNotFound,
  Refusal,
} from "./statuses.ts";
import { createMetadata, type KubernetesObject, type ObjectMetadata, type ObjectStore } from "./store.ts";

const MODIFIED_MESSAGE = "the object has been modified; please apply your changes to the latest version and try again";

/** An object from a client. Any field may be missing or invalid. */
export interface SentObject {
  readonly apiVersion?: unknown;
  readonly kind?: unknown;
  readonly metadata?: Partial<ObjectMetadata>;
  readonly [field: string]: unknown;
}

/** Creates an object (POST). */
export function createObject(
  store: ObjectStore,
  { resource, namespace }: RequestTarget,
  input: SentObject,
  now: Date,
): KubernetesObject {
  const { name, ...metadata } = checkMetadata(input, resource, namespace);
  if (!name) throw newInvalid(resource, "", "metadata.name: Required value: name or generateName is required");
  if (metadata.resourceVersion)
    throw new Refusal(500, "", "resourceVersion should not be set on objects to be created");
  if (store.get(resource.plural, namespace, name)) throw newAlreadyExists(resource, name);
  if (resource.namespaced) assertNamespaceExists(store, namespace ?? "");
  assertDataKeys(resource, name, input.data);
  const object = {
    ...input,
    apiVersion: formatGroupVersion(resource),
    kind: resource.kind,
    metadata: { ...metadata, name, ...(namespace !== undefined && { namespace }), ...createMetadata(resource, now) },
    ...(resource.status && { status: resource.status }),
  };
  return store.put(resource.plural, object);
}

function assertNamespaceExists(store: ObjectStore, namespace: string): void {
  if (!store.get("namespaces", undefined, namespace)) throw newNotFound({ group: "", plural: "namespaces" }, namespace);
}

/** Replaces an object (PUT). */
export function replaceObject(
  store: ObjectStore,
  target: RequestTarget,
  name: string,
  input: SentObject,
  now: Date,
): KubernetesObject {
  const { resource, namespace } = target;
  const metadata = checkMetadata(input, resource, namespace);
  assertName(metadata.name ?? "", name);
  if (resource.createsOnUpdate && !store.get(resource.plural, namespace, name))
    return createObject(store, target, input, now);
  const before = getExisting(store, target, name);
  if (!metadata.resourceVersion && resource.requiresResourceVersion) {
    throw newInvalid(resource, name, "metadata.resourceVersion: Invalid value: 0x0: must be specified for an update");
  }
  return writeObject(store, target, before, { ...input, metadata });
}

/** Applies a JSON merge patch (RFC 7386). */
export function patchObject(
  store: ObjectStore,
  target: RequestTarget,
  name: string,
  input: SentObject,
): KubernetesObject {
  const before = getExisting(store, target, name);
  const { uid } = before.metadata;
  assertName(input.metadata?.name ?? name, name);
  if ((input.metadata?.uid ?? uid) !== uid) throw newInvalid(target.resource, name, "metadata.uid: field is immutable");
  return writeObject(store, target, before, mergePatch(convertToVersion(before, target.resource), input) as SentObject);
}

function writeObject(
  store: ObjectStore,
  target: RequestTarget,
  before: KubernetesObject,
  input: SentObject,
): KubernetesObject {
  const { resource } = target;
  const { name, resourceVersion, uid } = before.metadata;
  const metadata = input.metadata ?? {};
  if (metadata.resourceVersion && metadata.resourceVersion !== resourceVersion) {
    throw newConflict(resource, name, MODIFIED_MESSAGE);
  }
  if (metadata.uid && metadata.uid !== uid) {
    const mismatch = `UID in precondition: ${metadata.uid}, UID in object meta: ${uid}`;
    throw newConflict(resource, name, `Precondition failed: ${mismatch}`);
  }
  assertDataKeys(resource, name, input.data);
  const after = applyUpdate(target, convertToVersion(before, resource), input);
  // An update without a change is not written: no new version and no event.
  return isDeepStrictEqual(after, convertToVersion(before, resource)) ? before : store.put(resource.plural, after);
}

/** Returns the updated object. /status changes only status and metadata; other updates change all but the status. */
function applyUpdate(
  { resource, status }: RequestTarget,
  before: KubernetesObject,
  input: SentObject,
): KubernetesObject {
  const { uid, creationTimestamp, resourceVersion, generation, namespace, name } = before.metadata;
  const immutableFields = { uid, creationTimestamp, resourceVersion, generation, namespace, name };
  const body = omitField(resource.status && status ? before : input, "status");
  const newStatus = resource.status && !status ? before.status : input.status;
  const metadata = { ...input.metadata, ...omitUndefined(immutableFields) } as ObjectMetadata; // the name cannot change
  const after = {
    ...body,
    apiVersion: before.apiVersion,
    kind: before.kind,
    metadata,
    ...(newStatus !== undefined && { status: newStatus }),
  };
  if (generation === undefined || isDeepStrictEqual(input.spec, before.spec) || status) return after;
  return { ...after, metadata: { ...metadata, generation: generation + 1 } };
}

/** Removes an object (DELETE). Removing a namespace removes its contents. */
export function removeObject(
  store: ObjectStore,
  target: RequestTarget,
  name: string,
  input: SentObject,
  plurals: readonly string[],
): object {
  const { resource, namespace } = target;
  const { uid, resourceVersion } = getExisting(store, target, name).metadata;
  const preconditions = (input.preconditions ?? {}) as Partial<ObjectMetadata>; // of DeleteOptions
  if ((preconditions.uid ?? uid) !== uid || (preconditions.resourceVersion ?? resourceVersion) !== resourceVersion) {
    throw newConflict(resource, name, "Precondition failed");
  }
  if (resource.plural === "namespaces") removeNamespaceContents(store, name, plurals);
  store.remove(resource.plural, namespace, name);
  const details = { name, ...(resource.group && { group: resource.group }), kind: resource.plural, uid };
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details };
}

/** Removes all objects of a namespace. */
export function removeNamespaceContents(store: ObjectStore, namespace: string, plurals: readonly string[]): void {
  for (const plural of plurals) {
    for (const { metadata } of store.objectsAt(plural, store.version) ?? []) {
      if (metadata.namespace === namespace) store.remove(plural, namespace, metadata.name);
    }
  }
}

function getExisting(store: ObjectStore, { resource, namespace }: RequestTarget, name: string): KubernetesObject {
  const object = store.get(resource.plural, namespace, name);
  if (!object) throw newNotFound(resource, name);
  return object;
}

/** Returns the metadata of a sent object. Throws a `Refusal` if the object does not match the path. */
function checkMetadata(
  input: SentObject,
  resource: ApiResource,
  namespace: string | undefined,
): Partial<ObjectMetadata> {
  if (
    (input.kind ?? resource.kind) !== resource.kind ||
    (input.apiVersion ?? formatGroupVersion(resource)) !== formatGroupVersion(resource)
  ) {
    const groupVersionKind = `${String(input.apiVersion)}, Kind=${String(input.kind)}`;
    throw newBadRequest(
      `the object provided (${groupVersionKind}) is not a ${formatGroupVersion(resource)} ${resource.kind}`,
    );
  }
  const metadata = input.metadata ?? {};
  if ((metadata.namespace ?? namespace) !== namespace) {
    throw newBadRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  return metadata;
}

function omitField(fields: Readonly<Record<string, unknown>>, name: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([key]) => key !== name));
}

function omitUndefined(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
