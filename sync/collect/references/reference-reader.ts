import { ApiError, type KubernetesClient } from "../../kubernetes/client.ts";
import { computeRetryDelay } from "../../kubernetes/list-watch.ts";
import type { Resource } from "../../kubernetes/resources.ts";
import type { ConcurrencyLimit } from "../../runtime/concurrency-limit.ts";
import type { Sleep } from "../../runtime/sleep.ts";
import { type CachedObject, fetchObject } from "../watched-collection.ts";
import type { ObservedReference } from "./observed-reference.ts";

/** The requests for the references of all namespaces, with one limit of concurrent ones. */
export interface ReferenceClient {
  readonly api: KubernetesClient;
  readonly limit: ConcurrencyLimit;
  readonly sleep: Sleep;
}

export interface ReadListener {
  /** A read failed, and is retried. */
  readonly onError: (error: Error) => void;
  /** A read succeeded after failures. */
  readonly onAnswer?: (() => void) | undefined;
  /** The API server refused a read. It is not retried. */
  readonly onRefusal: (error: Error) => void;
}

/** Whether the API server does not allow a request, or does not know its form. */
export function isRefusal(error: Error): boolean {
  return error instanceof ApiError && [403, 405, 406].includes(error.status);
}

/**
 * Returns a function that reads an object by its name. A further call during a read causes another one, because the first
 * may be too old. A failed read is retried until `signal` is aborted.
 */
export function createReferenceReader(
  client: ReferenceClient,
  resource: Resource,
  listener: ReadListener,
  signal: AbortSignal,
): (object: ObservedReference) => void {
  const pendingReads = new Map<ObservedReference, { mustRepeat: boolean }>();
  return (object) => {
    const pendingRead = pendingReads.get(object);
    if (pendingRead) {
      pendingRead.mustRepeat = true;
      return;
    }
    const newRead = { object, resource, isObsolete: () => signal.aborted || object.isDropped, mustRepeat: false };
    pendingReads.set(object, newRead);
    void readUntilCurrent(client, newRead, listener, signal).finally(() => pendingReads.delete(object));
  };
}

interface PendingRead {
  readonly object: ObservedReference;
  readonly resource: Resource;
  readonly isObsolete: () => boolean;
  mustRepeat: boolean;
}

async function readUntilCurrent(
  client: ReferenceClient,
  pendingRead: PendingRead,
  listener: ReadListener,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  do {
    pendingRead.mustRepeat = false;
    const result = await readOnce(client, pendingRead);
    if (pendingRead.isObsolete()) return;
    const isFailed = applyResult(pendingRead.object, result, listener);
    if (isFailed) await client.sleep(computeRetryDelay(failures), signal);
    else if (failures > 0) listener.onAnswer?.();
    failures = isFailed ? failures + 1 : 0;
  } while (failures > 0 || pendingRead.mustRepeat);
}

/** Returns whether the read must be retried. */
function applyResult(
  object: ObservedReference,
  result: CachedObject | Error | undefined,
  { onError, onRefusal }: ReadListener,
): boolean {
  if (!(result instanceof Error)) object.store(result);
  else if (isRefusal(result)) onRefusal(result);
  else {
    object.recordFailure(result);
    onError(result);
    return true;
  }
  return false;
}

/** Returns undefined if the object does not exist or is no longer necessary, and the error of a failed request. */
async function readOnce(
  { api, limit }: ReferenceClient,
  { object, resource, isObsolete }: PendingRead,
): Promise<CachedObject | Error | undefined> {
  const { namespace, name } = object.reference;
  try {
    return await limit(async () =>
      isObsolete() ? undefined : await fetchObject(api, resource, `${namespace}/${name}`),
    );
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    return error instanceof Error ? error : new Error(String(error));
  }
}
