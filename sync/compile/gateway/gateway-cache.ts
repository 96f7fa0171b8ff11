import type { HttpRoute } from "../../collect/gateway/http-route-model.ts";
import { createMemo, isSameList, type Memo } from "../../incremental/memo.ts";
import type { AttachedRoute, Attachment, ServedListener } from "./gateway-compilation.ts";
import type { GatewayReading } from "./judged-gateways.ts";

/** Returns the object of the last reading for an equal listener. */
export type ListenerInterner = (listener: ServedListener) => ServedListener;

/** Results of earlier readings. They change the cost of a reading and the identity of its objects, never its result. */
export interface GatewayCache {
  readonly reading: Memo<GatewayReading>;
  /** Starts a reading. */
  readonly createInterner: () => ListenerInterner;
  /** Returns the last object for an equal attached route. Its listeners must be interned. */
  readonly keepAttachedRoute: (attached: AttachedRoute) => AttachedRoute;
}

export function createGatewayCache(): GatewayCache {
  let current = new Map<string, ServedListener>();
  const attachedRoutes = new WeakMap<HttpRoute, AttachedRoute>();
  return {
    reading: createMemo(),
    createInterner() {
      const previous = current;
      const next = new Map<string, ServedListener>();
      current = next;
      return (listener) => {
        const key = JSON.stringify(Object.values(listener));
        const known = next.get(key) ?? previous.get(key) ?? listener;
        next.set(key, known);
        return known;
      };
    },
    keepAttachedRoute(attached) {
      const previous = attachedRoutes.get(attached.route);
      if (previous && isSameAttachments(previous.attachments, attached.attachments)) return previous;
      attachedRoutes.set(attached.route, attached);
      return attached;
    },
  };
}

function isSameAttachments(a: readonly Attachment[], b: readonly Attachment[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ listener, hostnames }, index) => {
      const other = b[index];
      return other !== undefined && listener === other.listener && isSameList(hostnames, other.hostnames);
    })
  );
}
