import { hasOwnBody, pipeOf } from "../body.ts";
import type { Exchange } from "../exchange.ts";
import { originHeaders } from "../forward/headers.ts";
import { subrequest } from "../forward/subrequest.ts";
import type { SettingsOf } from "../rules/policies/index.ts";
import type { Filter, Site } from "./filter.ts";

const TIMEOUT_MS = 30_000; // for so long a Worker goes on after its answer
const MOST_BEHIND_BYTES = 1024 * 1024;

/** Sends a copy of the request elsewhere, in the background. The request itself never waits for it. */
export function mirror(settings: SettingsOf<"mirror">, site: Site): Filter {
  return async (exchange, next) => {
    if (!settings.body || !hasOwnBody(exchange)) {
      send(settings, site, exchange, null);
      return next(exchange);
    }
    const [body, copy] = copied(exchange.body);
    send(settings, site, exchange, copy);
    return next({ ...exchange, body });
  };
}

function send(settings: SettingsOf<"mirror">, site: Site, exchange: Exchange, copy: ReadableStream | null): void {
  const { target, host } = settings;
  const foreign = target.via === "internet";
  // What the policies add for the origin is no business of strangers, and neither is who the client is.
  const headers = originHeaders(foreign ? { ...exchange, originHeaders: [] } : exchange);
  for (const name of foreign ? ["Cookie", "Authorization", "Upgrade"] : ["Upgrade"]) headers.delete(name);
  const length = headers.get("Content-Length");
  if (!copy) headers.delete("Content-Length");
  const { method } = exchange.request;
  const body = copy?.pipeThrough(pipeOf(length)) ?? null;
  const asked = subrequest(exchange, site, target, { method, headers, body, host, timeoutMs: TIMEOUT_MS });
  exchange.platform.waitUntil(asked.then((response) => response.body?.cancel()).catch(() => {}));
}

/**
 * The same bytes twice. Who reads the first sets the pace; the second fails once it is too far behind, since what it has
 * not read is kept in memory.
 */
function copied(from: ReadableStream<Uint8Array>): [ReadableStream<Uint8Array>, ReadableStream<Uint8Array>] {
  const reader = from.getReader();
  let behind: ReadableStreamDefaultController<Uint8Array> | undefined;
  const copy = new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        behind = controller;
      },
      cancel: () => {
        behind = undefined;
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: MOST_BEHIND_BYTES }),
  );
  const giveUp = (reason: unknown) => {
    behind?.error(reason);
    behind = undefined;
  };
  const first = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        giveUp(error);
        throw error;
      });
      if (done) {
        behind?.close();
        controller.close();
        return;
      }
      if ((behind?.desiredSize ?? 0) < value.byteLength) giveUp(new Error("the copy is too slow"));
      behind?.enqueue(value.slice());
      controller.enqueue(value);
    },
    async cancel(reason) {
      giveUp(reason);
      await reader.cancel(reason);
    },
  });
  return [first, copy];
}
