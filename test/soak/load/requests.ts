import { text } from "node:stream/consumers";
import { SOAK_CLIENTS, STRANGER_IP } from "../world/objects.ts";
import type { Scheme } from "./client.ts";
import { buildAdmitted, type LoadTurn, pickHost, readEcho, withTicket } from "./load.ts";

/** Returns the turn of a load of small requests that every guard accepts. */
export function createRequestTurn(scheme: Scheme): LoadTurn {
  return async ({ client, checker, random }) => {
    const rest = `page/${random.below(1000)}`;
    const { request, path, headers } = buildAdmitted(random, scheme, scheme, rest);
    await withTicket(checker, request, async (ticket) => {
      const options = { scheme, host: request.host.name, path, headers: { ...headers, "X-Request-ID": ticket.id } };
      const response = await client.send(options);
      const echo = readEcho(response.headers);
      const body = await text(response);
      const isWhole = body === JSON.stringify(echo) && echo?.requestId === ticket.id;
      const problem = isWhole ? undefined : `body ${body.slice(0, 200)}`;
      ticket.answered({ status: response.statusCode ?? 0, headers: response.headers, echo, problem }, 200);
    });
  };
}

const REFUSALS = { "allow-list": 403, "basic-auth": 401, "https-only": 308 } as const;

/** Sends a request that the guard of its host must refuse, in every generation. */
export const sendRefused: LoadTurn = async ({ client, checker, random }) => {
  const guard = random.pick(["allow-list", "basic-auth", "https-only"] as const);
  const host = pickHost(random, [guard]);
  const scheme = guard === "https-only" ? "http" : random.pick(["http", "https"] as const);
  const rest = `page/${random.below(1000)}`;
  const clientIp = guard === "allow-list" ? STRANGER_IP : random.pick(SOAK_CLIENTS);
  const request = { load: "guard", host, clientIp, line: `GET ${scheme} /app/${rest}`, rest };
  await withTicket(checker, request, async (ticket) => {
    const headers = { "CF-Connecting-IP": clientIp, "X-Request-ID": ticket.id };
    const response = await client.send({ scheme, host: host.name, path: `/app/${rest}`, headers });
    await text(response);
    const { statusCode: status = 0, headers: received } = response;
    ticket.answered({ status, headers: received, echo: readEcho(received) }, REFUSALS[guard]);
  });
};
