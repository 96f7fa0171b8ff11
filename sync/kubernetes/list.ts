import * as z from "zod";
import type { KubernetesClient, Query } from "./client.ts";
import { ResponseTooLargeError } from "./errors.ts";

/** Numbers of objects per page. A smaller page is requested if a response is too large. */
const PAGE_SIZES = [500, 50, 5, 1] as const;
/** Ends a list whose pages never end. An empty page counts as one object. */
const MAX_OBJECTS = 1_000_000;

/** Any API object, with the fields that a watch needs. */
export const WatchedObject = z.looseObject({
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    uid: z.string().optional(),
    resourceVersion: z.string().optional(),
  }),
});
export type WatchedObject = z.infer<typeof WatchedObject>;

/** A collection and a query. `transform` reduces each object at once, so that raw lists do not fill the memory. */
export interface ListTarget<T> {
  readonly path: string;
  readonly query: Query;
  readonly transform: (object: WatchedObject) => T;
}

/** All objects of a collection, at one version. */
export interface ObjectsAtVersion<T> {
  readonly objects: T[];
  readonly resourceVersion: string;
}

/** Thrown for a response that breaks the API contract, so that no part of it is used. */
export class InvalidResponseError extends Error {}

const List = z.object({
  // Not a Status or a Table: without items they would be an empty list, and all objects would look deleted.
  kind: z.string().endsWith("List"),
  metadata: z.object({
    resourceVersion: z.string(),
    continue: z.string().optional(),
    remainingItemCount: z.number().optional(),
  }),
  items: z
    .array(WatchedObject)
    .nullable()
    .transform((items) => items ?? []), // null for an empty list
});

/**
 * Lists all objects at one version, page by page. Rejects unless every page is complete. If a page is larger than the
 * limit of a response, it lists again with fewer objects per page.
 */
export async function listAll<T>(
  api: Pick<KubernetesClient, "get">,
  target: ListTarget<T>,
): Promise<ObjectsAtVersion<T>> {
  for (const pageSize of PAGE_SIZES) {
    try {
      return await listPages(api, target, pageSize);
    } catch (error) {
      if (!(error instanceof ResponseTooLargeError)) throw error;
    }
  }
  throw new InvalidResponseError(
    `list is too large: ${target.path} has a page of 1 object above the limit of a response. Check that the server of the kubeconfig is a Kubernetes API server`,
  );
}

async function listPages<T>(
  api: Pick<KubernetesClient, "get">,
  { path, query, transform }: ListTarget<T>,
  pageSize: number,
): Promise<ObjectsAtVersion<T>> {
  const objects: T[] = [];
  let emptyPages = 0;
  for (let continueToken: string | undefined; ; ) {
    const answer = await api.get(path, { ...query, limit: pageSize, continue: continueToken });
    const { metadata, items } = parsePage(answer, path, continueToken);
    for (const item of items) objects.push(transform(item));
    if (items.length === 0) emptyPages++;
    continueToken = metadata.continue || undefined;
    if (continueToken === undefined) return { objects, resourceVersion: metadata.resourceVersion };
    if (objects.length + emptyPages > MAX_OBJECTS)
      throw new InvalidResponseError(`list does not end: ${path} has more than ${MAX_OBJECTS} objects`);
  }
}

/** Returns a page of a list. Throws unless it is complete, and another page than the one of `continueToken`. */
function parsePage(answer: unknown, path: string, continueToken: string | undefined): z.infer<typeof List> {
  const page = List.safeParse(answer);
  if (!page.success) throw new InvalidResponseError(`response is not a list of objects: ${path}`);
  const { continue: nextToken, remainingItemCount = 0 } = page.data.metadata;
  if (!nextToken && remainingItemCount > 0)
    throw new InvalidResponseError(`list is incomplete: ${path} lacks ${remainingItemCount} objects`);
  if (nextToken && nextToken === continueToken)
    throw new InvalidResponseError(`list does not end: ${path} has the same page again`);
  return page.data;
}
