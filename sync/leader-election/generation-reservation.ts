import * as z from "zod";
import type { KubernetesClient } from "../kubernetes/client.ts";
import type { GenerationReservations, Reservation } from "./leadership.ts";
import { NotLeaderError } from "./leadership-term.ts";
import { isConflict } from "./lease-client.ts";
import { holderOf, Lease, termOf } from "./lease-protocol.ts";

const GENERATION_ANNOTATION = "edgress.dev/generation";
/** A renewal of the same leader may overtake a write. */
const MAX_WRITE_ATTEMPTS = 5;

const StoredReservation = z.object({ kvNamespaceId: z.string(), generation: z.number(), term: z.number() });

export function createGenerationReservations(
  api: KubernetesClient,
  { namespace, name, identity }: { readonly namespace: string; readonly name: string; readonly identity: string },
): GenerationReservations {
  const path = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${name}`;
  const readLease = async () => Lease.parse(await api.get(path));
  const writeOnce = async (reservation: Reservation) => {
    const lease = await readLease();
    if (holderOf(lease) !== identity || termOf(lease) !== reservation.term)
      throw new NotLeaderError(`leadership lost; generation ${reservation.generation} is not published`);
    await api.replace(path, withReservation(lease, reservation));
  };
  return {
    async read(kvNamespaceId) {
      const reservation = parseReservation(await readLease());
      return reservation?.kvNamespaceId === kvNamespaceId ? reservation : undefined;
    },
    async reserve(reservation) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await writeOnce(reservation);
        } catch (error) {
          if (!isConflict(error) || attempt === MAX_WRITE_ATTEMPTS) throw error;
        }
      }
    },
  };
}

function parseReservation({ metadata }: Lease): Reservation | undefined {
  const text = metadata.annotations?.[GENERATION_ANNOTATION];
  return text === undefined ? undefined : StoredReservation.parse(JSON.parse(text));
}

/** Returns the Lease with the reservation. Renewals and holder changes keep it. */
function withReservation({ metadata, ...lease }: Lease, reservation: Reservation): Lease {
  const annotations = { ...metadata.annotations, [GENERATION_ANNOTATION]: JSON.stringify(reservation) };
  return { ...lease, metadata: { ...metadata, annotations } };
}
