import type { Ingress } from "../../../sync/collect/cluster-model.ts";
import { type ControllerState, type LoadedState, readState, writeState } from "../../../sync/publish/state/state.ts";
import type { MemoryKv } from "../memory-kv.ts";
import { SIGNER } from "./signing.ts";

export const CLUSTER = "6e1b7d1c-4f9b-4a4e-9d0c-0a4c8b8e2d11";
export const OTHER_CLUSTER = "0c8d2a55-1b1e-4a2f-8f6f-2f6f0e9b7a10";
export const SINCE = "2026-03-01T12:00:00Z";

export function buildNamedIngress(name: string, text = "a", bytes = 0): Ingress {
  return {
    namespace: "default",
    name,
    source: `/apis/networking.k8s.io/v1/namespaces/default/ingresses/${name}`,
    annotations: { "nginx.ingress.kubernetes.io/app-root": `/${text}${"x".repeat(bytes)}` },
    created: undefined,
    className: "edgress",
    defaultBackend: undefined,
    tls: [],
    rules: [{ host: `${name}.example.com`, paths: [] }],
  };
}

export function buildIngresses(count: number, bytes = 0): Ingress[] {
  return Array.from({ length: count }, (_, index) => buildNamedIngress(`shop-${index}`, "a", bytes));
}

export function buildState(
  ingresses: readonly Ingress[],
  brokenSince = {},
  cluster: string | undefined = CLUSTER,
): ControllerState {
  return { cluster, brokenSince, ingresses, regexVerdicts: [] };
}

function sortByName(ingresses: readonly Ingress[]): Ingress[] {
  return ingresses.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Returns a state with its Ingresses in order, because KV does not keep the order. */
export function normalizeState({ cluster, brokenSince, ingresses, regexVerdicts }: ControllerState): ControllerState {
  return { cluster, brokenSince, ingresses: sortByName(ingresses), regexVerdicts };
}

export async function writeStateTo(
  kv: MemoryKv,
  desiredState: ControllerState,
  previousState?: LoadedState,
): Promise<LoadedState> {
  return (await writeState(kv, SIGNER, previousState ?? (await readState(kv, SIGNER)), desiredState)).state;
}

export function listBlobs(kv: MemoryKv): string[] {
  return [...kv.values.keys()].filter((key) => key.startsWith("state/"));
}
