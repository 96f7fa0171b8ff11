import type { IncomingMessage, ServerResponse } from "node:http";
import { type Answer, answerOf, forbidden, mustBeKnown } from "./answers.ts";
import { type Armed, type Asked, due, isAnswerFault, isOn, type On } from "./faults.ts";
import { discoveryOf, isGroupKnown, type Resource, type Target, targetOf } from "./resources.ts";
import { askedOf, instead, patchType, send } from "./send.ts";
import { noSuchPath, Refusal, statusOf } from "./statuses.ts";
import type { Store } from "./store.ts";
import { WatchStream } from "./watches.ts";

/** What the server is made of. */
export interface Parts {
  readonly token: string;
  readonly store: Store;
  readonly resources: readonly Resource[];
  readonly requests: Asked[];
  readonly armed: Armed[];
  readonly forbidden: On[];
  readonly watches: Set<WatchStream>;
}

/** Answers a request, or lets the fault happen that is due for it. */
export async function respond(parts: Parts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const asked = await askedOf(request);
  parts.requests.push(asked);
  const watching = isWatch(asked);
  const fault = due(parts.armed, asked, watching);
  if (fault && isAnswerFault(fault)) {
    if (!instead(response, fault)) send(response, orRefusal(parts, request, asked), fault);
    return;
  }
  if (!watching) {
    send(response, orRefusal(parts, request, asked));
    return;
  }
  const target = refusable(() => allowed(parts, request, asked)) ?? noSuchPath();
  if (target instanceof Refusal) {
    send(response, { code: target.code, body: statusOf(target) });
    return;
  }
  const watch = new WatchStream(parts.store, target, asked, response, fault);
  parts.watches.add(watch);
  response.once("close", () => parts.watches.delete(watch));
}

function orRefusal(parts: Parts, request: IncomingMessage, asked: Asked): Answer {
  const answer = refusable(() => answered(parts, request, asked));
  return answer instanceof Refusal ? { code: answer.code, body: statusOf(answer) } : answer;
}

function answered(parts: Parts, request: IncomingMessage, asked: Asked): Answer {
  const target = allowed(parts, request, asked);
  if (target) return answerOf(parts.store, parts.resources, target, asked);
  const body = discoveryOf(asked.path, parts.resources);
  if (body) return { code: 200, body };
  if (isGroupKnown(asked.path, parts.resources)) throw noSuchPath();
  return { code: 404, body: "404 page not found\n" };
}

/** What a client asks about, once it may; undefined for what isn't an object. */
function allowed(parts: Parts, { headers }: IncomingMessage, asked: Asked): Target | undefined {
  mustBeKnown(headers.authorization, parts.token);
  const target = targetOf(asked.path, parts.resources);
  if (target && parts.forbidden.some((on) => isOn(on, asked))) throw forbidden(target, asked, isWatch(asked));
  const refused = patchType(asked, headers["content-type"]);
  if (refused) throw refused;
  return target;
}

function isWatch({ query }: Asked): boolean {
  return query.watch === "true" || query.watch === "1";
}

function refusable<T>(what: () => T): T | Refusal {
  try {
    return what();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}
