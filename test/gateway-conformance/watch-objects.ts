import * as z from "zod";
import type { KubernetesClient } from "../../sync/kubernetes/client.ts";
import { type Change, listAndWatch } from "../../sync/kubernetes/list-watch.ts";
import { sleep } from "../../sync/runtime/sleep.ts";

const StringMap = z.record(z.string(), z.string());

const Meta = z.object({
  namespace: z.string().default(""),
  name: z.string(),
  labels: StringMap.default({}),
  deletionTimestamp: z.optional(z.string()),
});

export const NamespaceObject = z.object({ metadata: Meta });

export const DeploymentObject = z.object({
  metadata: Meta,
  spec: z.object({
    replicas: z.number().default(1),
    template: z.object({
      metadata: z.object({ labels: StringMap.default({}) }),
      spec: z.looseObject({ containers: z.array(z.looseObject({ name: z.string() })) }),
    }),
  }),
});
export type DeploymentObject = z.infer<typeof DeploymentObject>;

export const ServiceObject = z.object({
  metadata: Meta,
  spec: z.object({
    selector: z.optional(StringMap),
    externalIPs: z.array(z.string()).default([]),
    ports: z
      .array(z.object({ port: z.number(), targetPort: z.optional(z.union([z.number(), z.string()])) }))
      .default([]),
  }),
});
export type ServiceObject = z.infer<typeof ServiceObject>;

export const EndpointSliceObject = z.object({
  metadata: Meta,
  endpoints: z
    .array(z.object({ addresses: z.array(z.string()) }))
    .nullish()
    .transform((endpoints) => endpoints ?? []),
});
export type EndpointSliceObject = z.infer<typeof EndpointSliceObject>;

export const SecretObject = z.object({
  metadata: Meta,
  type: z.string(),
  data: StringMap.default({}),
});
export type SecretObject = z.infer<typeof SecretObject>;

/** The current objects of a collection. */
export type ObjectView<T> = () => readonly T[];

function applyChange<T extends { metadata: z.infer<typeof Meta> }>(objects: Map<string, T>, change: Change<T>): void {
  const nameOf = ({ metadata: { namespace, name } }: T) => `${namespace}/${name}`;
  switch (change.type) {
    case "listed":
      objects.clear();
      for (const object of change.objects) objects.set(nameOf(object), object);
      break;
    case "updated":
      objects.set(nameOf(change.object), change.object);
      break;
    case "deleted":
      objects.delete(nameOf(change.object));
      break;
    case "failed":
    case "answered":
      break;
  }
}

/** Follows a collection until `signal` is aborted. Calls `onChange` after each change. */
export function watchObjects<T extends { metadata: z.infer<typeof Meta> }>(
  api: KubernetesClient,
  path: string,
  schema: z.ZodType<T>,
  { signal, onChange }: { signal: AbortSignal; onChange: () => void },
): ObjectView<T> {
  const objects = new Map<string, T>();
  const target = { path, query: {}, transform: (object: unknown) => schema.parse(object) };
  const follow = async () => {
    for await (const change of listAndWatch(api, target, signal, sleep)) {
      applyChange(objects, change);
      onChange();
    }
  };
  void follow();
  return () => [...objects.values()];
}

const RETRY_MS = 200;

/** Runs `reconcile` after `trigger()`, never twice at once. A failure is logged and repeated until `signal` is aborted. */
export function createReconciler(
  reconcile: () => Promise<void>,
  signal: AbortSignal,
): { trigger(): void; idle(): Promise<void> } {
  let isPending = false;
  let run: Promise<void> | undefined;
  const runPending = async () => {
    while (isPending && !signal.aborted) {
      isPending = false;
      try {
        await reconcile();
      } catch (error) {
        if (!signal.aborted) console.error(`cluster controllers: ${error}`);
        isPending = true;
        await sleep(RETRY_MS, signal);
      }
    }
    run = undefined;
  };
  return {
    trigger() {
      isPending = true;
      run ??= Promise.resolve().then(runPending);
    },
    idle: async () => await run,
  };
}
