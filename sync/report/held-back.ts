import * as z from "zod";
import { type Api, ApiError } from "../kubernetes/api.ts";
import { CONFIG_MAPS, pathOf } from "../kubernetes/resources.ts";

/** The ConfigMap in which a round that is held back waits to be confirmed. */
export const HELD_BACK = "edgress-held-back";

/** What a ConfigMap says of the round that is held back. */
export const HeldBack = z.object({
  id: z.string(),
  since: z.string(), // RFC 3339
  reason: z.string(),
  routes: z.string(), // one a line
  approved: z.string().optional(), // the id, once somebody has confirmed it
});
export type HeldBack = z.infer<typeof HeldBack>;

const ConfigMapObject = z.object({ data: z.record(z.string(), z.string()).nullish() });

/** The round that is held back, if there is one. Rejects where the API server does not say. */
export async function readHeldBack(api: Api, namespace: string): Promise<HeldBack | undefined> {
  try {
    const { data } = ConfigMapObject.parse(await api.get(pathOf(CONFIG_MAPS, namespace, HELD_BACK)));
    return HeldBack.safeParse(data).data;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

/** Shows what is held back, or that nothing is. */
export async function showHeldBack(api: Api, namespace: string, held: HeldBack | undefined): Promise<void> {
  const metadata = { name: HELD_BACK, namespace, labels: { "app.kubernetes.io/name": "edgress" } };
  const configMap = { apiVersion: "v1", kind: "ConfigMap", metadata, data: held ?? {} };
  try {
    await api.replace(pathOf(CONFIG_MAPS, namespace, HELD_BACK), configMap);
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error;
    if (held) await api.create(pathOf(CONFIG_MAPS, namespace), configMap);
  }
}

/** Confirms the round of this id. */
export async function approve(api: Api, namespace: string, id: string): Promise<void> {
  await api.patch(pathOf(CONFIG_MAPS, namespace, HELD_BACK), { data: { approved: id } });
}
