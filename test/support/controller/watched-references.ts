import assert from "node:assert/strict";
import type { Reference } from "../../../sync/collect/cluster-model.ts";
import { watchReferencedObjects } from "../../../sync/collect/references/referenced-objects.ts";
import { createKubernetesClient } from "../../../sync/kubernetes/client.ts";
import { createConnections } from "../api-server/client.ts";
import type { ApiServer } from "../api-server.ts";
import { waitFor } from "../wait-for.ts";
import { createFastClock } from "./fast-clock.ts";

/** Lists and watches of all Secrets of a namespace. */
export const NAMESPACE_LIST = /^GET \/api\/v1\/namespaces\/[^/]+\/secrets(\?(?!.*fieldSelector)|$)/;
export const LIST_BY_NAME = /fieldSelector/;
export const READ_BY_NAME = /\/secrets\/[^/]+$/;

export function applySecret(server: ApiServer, namespace: string, name: string, text: string): void {
  const data = { auth: Buffer.from(text).toString("base64") };
  server.apply({ apiVersion: "v1", kind: "Secret", metadata: { namespace, name }, data });
}

export function buildSecretReference(namespace: string, name: string): Reference {
  return { kind: "Secret", namespace, name };
}

/** Returns the number of requests so far that match. */
export function countRequests(server: ApiServer, pattern: RegExp): number {
  return server.requests.filter(({ line }) => pattern.test(line)).length;
}

/** Watches references. The back-off of failures and refusals passes 1,000 times as fast. */
export function watchReferences(server: ApiServer, signal: AbortSignal) {
  const api = createKubernetesClient(createConnections(server), 30_000, { durationSeconds: 60, idleTimeoutMs: 90_000 });
  const failures: string[] = [];
  const notes: string[] = [];
  let changes = 0;
  const listener = {
    onChange: () => void changes++,
    onError: (error: Error) => void failures.push(error.message),
    onNote: (line: string) => void notes.push(line),
  };
  const references = watchReferencedObjects(api, listener, createFastClock(1000).sleep, signal);
  /** Returns each object with its content: "shop/users: ann". */
  const listContents = () =>
    references.lists().flatMap((list) =>
      list.map(({ id, parsedObject }) => {
        const content = parsedObject.kind === "Secret" ? parsedObject.object.data.auth : parsedObject.kind;
        return `${id}: ${content}`;
      }),
    );
  const waitForContents = (...expected: readonly string[]) =>
    waitFor(() => JSON.stringify(listContents()) === JSON.stringify(expected)).catch(() =>
      assert.deepEqual(listContents(), expected),
    );
  return { ...references, failures, notes, countChanges: () => changes, listContents, waitForContents };
}
