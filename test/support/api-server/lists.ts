import { convertToVersion } from "./conversion.ts";
import { formatGroupVersion, type RequestTarget } from "./resources.ts";
import { parseSelectors } from "./selectors.ts";
import { newBadRequest, newExpired, newVersionTooLarge } from "./statuses.ts";
import type { KubernetesObject, ObjectStore } from "./store.ts";

const CONTINUE_EXPIRED =
  "The provided continue parameter is too old to display a consistent list result. You must start a new list without " +
  "the continue parameter.";

export type RequestQuery = Readonly<Record<string, string>>;

export interface ObjectList {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
  readonly items: readonly KubernetesObject[];
}

/** Returns one page of a list, or the whole list. The continue token has the version and the position. */
export function listObjects(store: ObjectStore, target: RequestTarget, query: RequestQuery): ObjectList {
  const { resource, namespace } = target;
  const token = parseContinueToken(query.continue);
  const version = token?.version ?? store.version;
  if (Number(query.resourceVersion ?? 0) > store.version)
    throw newVersionTooLarge(query.resourceVersion ?? "", store.version);
  const objects = store.objectsAt(resource.plural, version, namespace);
  if (!objects) throw newExpired(CONTINUE_EXPIRED);
  const isSelected = parseSelectors(query.labelSelector, query.fieldSelector);
  const remainingObjects = objects
    .map((object) => convertToVersion(object, resource))
    .filter(isSelected)
    .slice(token?.start ?? 0);
  const limit = query.resourceVersion === "0" ? 0 : Number(query.limit ?? 0); // "0" is served from the cache, which has no pages
  const items = limit > 0 ? remainingObjects.slice(0, limit) : remainingObjects;
  const nextToken = { version, start: (token?.start ?? 0) + items.length };
  const continuation = items.length < remainingObjects.length && {
    continue: Buffer.from(JSON.stringify(nextToken)).toString("base64url"),
    ...(!query.labelSelector && !query.fieldSelector && { remainingItemCount: remainingObjects.length - items.length }),
  };
  return {
    kind: `${resource.kind}List`,
    apiVersion: formatGroupVersion(resource),
    metadata: { resourceVersion: String(version), ...continuation },
    items: items.map(({ apiVersion: _version, kind: _kind, ...item }) => item as KubernetesObject), // as in Kubernetes
  };
}

interface ContinueToken {
  readonly version: number;
  /** Number of objects on earlier pages. */
  readonly start: number;
}

function parseContinueToken(text: string | undefined): ContinueToken | undefined {
  if (!text) return undefined;
  try {
    return JSON.parse(Buffer.from(text, "base64url").toString()) as ContinueToken; // only this file creates tokens
  } catch {
    throw newBadRequest("continue key is not valid");
  }
}
