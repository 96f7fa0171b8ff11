import * as z from "zod";
import type { CachedObject } from "../../collect/object-cache.ts";
import { ApiError, type KubernetesClient } from "../../kubernetes/client.ts";
import { PLURALS } from "../../kubernetes/resources.ts";
import { type WriteResult, type WriterOptions, writeAll } from "../parallel-writer.ts";
import type { FinalizerWrite } from "./class-finalizers.ts";
import type { GatewayStatusWrite } from "./plan-status-writes.ts";

/** Another controller may write a status at the same time. */
const MAX_ATTEMPTS = 4;

const StatusObject = z.object({
  metadata: z.object({ uid: z.string(), resourceVersion: z.string() }),
  status: z.unknown().optional(),
});

/**
 * Writes statuses in parallel. It never rejects. A status that another controller has changed is read again and merged. An
 * object that was deleted is skipped.
 */
export function reportGatewayStatuses(
  writes: readonly GatewayStatusWrite[],
  options: WriterOptions,
): Promise<WriteResult<GatewayStatusWrite>> {
  return writeAll(
    writes,
    {
      describe: ({ object }) => `the status of ${object.subject}`,
      write: writeStatus,
      canSkip: ({ status }) => status === 404,
    },
    options,
  );
}

/** Writes the finalizers of GatewayClasses. A class that has changed is skipped: the next sync writes it. */
export function reportFinalizers(
  writes: readonly FinalizerWrite[],
  options: WriterOptions,
): Promise<WriteResult<FinalizerWrite>> {
  return writeAll(
    writes,
    {
      describe: ({ object }) => `the finalizers of ${object.subject}`,
      write: (api, { object, finalizers }, signal) => {
        const { resourceVersion } = object;
        return api.patch(buildPath(object), { metadata: { resourceVersion, finalizers } }, signal);
      },
      canSkip: ({ status }) => status === 404 || status === 409,
    },
    options,
  );
}

async function writeStatus(
  api: KubernetesClient,
  { object, merge, fields }: GatewayStatusWrite,
  signal: AbortSignal,
): Promise<void> {
  const path = buildPath(object);
  let [resourceVersion, status] = [object.resourceVersion, fields];
  for (let attempt = 1; ; attempt++) {
    try {
      await api.patch(`${path}/status`, { metadata: { resourceVersion }, status }, signal);
      return;
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 409) || attempt === MAX_ATTEMPTS) throw error;
    }
    const current = StatusObject.parse(await api.get(path));
    const merged = current.metadata.uid === object.uid ? merge(current.status) : undefined;
    if (!merged) return;
    [resourceVersion, status] = [current.metadata.resourceVersion, merged];
  }
}

function buildPath({ apiVersion, subject, namespace, name }: CachedObject): string {
  const kind = subject.slice(0, subject.indexOf(" ")) as keyof typeof PLURALS; // of a watched resource
  const scope = namespace === "" ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
  return `/apis/${apiVersion}${scope}/${PLURALS[kind]}/${encodeURIComponent(name)}`;
}
