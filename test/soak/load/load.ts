import { setTimeout as sleep } from "node:timers/promises";
import type { Checker, Ticket } from "../check/checker.ts";
import type { SoakRequest } from "../check/compare.ts";
import type { Random } from "../random.ts";
import { type HostGuard, SOAK_CLIENTS, SOAK_HOSTS, type SoakHost, VALID_AUTHORIZATION } from "../world/objects.ts";
import type { OriginEcho } from "../world/origins.ts";
import { ECHO_HEADER } from "../world/origins.ts";
import type { Scheme, SoakClient } from "./client.ts";

/** What a load needs to send requests. */
export interface LoadContext {
  readonly client: SoakClient;
  readonly checker: Checker;
  readonly random: Random;
}

/** Sends one request, or opens one stream, and has it checked. It never rejects. */
export type LoadTurn = (context: LoadContext) => Promise<void>;

/** A kind of load: several clients, each of which begins its next turn after the last one. */
export interface Load {
  readonly clients: number;
  /** Longest pause between two turns of a client. */
  readonly pauseMs: number;
  readonly turn: LoadTurn;
}

/** Runs a load until the signal is aborted. Resolves when its last turn has ended. */
export async function runLoad(
  { clients, pauseMs, turn }: Load,
  context: LoadContext,
  signal: AbortSignal,
): Promise<void> {
  const runClient = async (random: Random) => {
    while (!signal.aborted) {
      await turn({ ...context, random });
      await sleep(random.below(pauseMs + 1));
    }
  };
  const randoms = Array.from({ length: clients }, (_, index) => context.random.fork(`client ${index}`));
  await Promise.all(randoms.map(runClient));
}

/** Picks a host, with one of these guards if set. */
export function pickHost(random: Random, guards?: readonly HostGuard[]): SoakHost {
  return random.pick(guards ? SOAK_HOSTS.filter(({ guard }) => guards.includes(guard)) : SOAK_HOSTS);
}

/** A request that every guard accepts. */
export interface AdmittedRequest {
  readonly request: SoakRequest;
  readonly scheme: Scheme;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Builds a request that the guard of its host accepts. `rest` is the path behind `/app/`. */
export function buildAdmitted(
  random: Random,
  load: string,
  scheme: Scheme,
  rest: string,
  method = "GET",
): AdmittedRequest {
  const guards: HostGuard[] = ["none", "allow-list", "basic-auth"];
  const host = pickHost(random, scheme === "https" ? undefined : guards);
  const clientIp = random.pick(SOAK_CLIENTS);
  const path = `/app/${rest}`;
  return {
    request: { load, host, clientIp, line: `${method} ${scheme} ${path}`, rest },
    scheme,
    path,
    headers: {
      "CF-Connecting-IP": clientIp,
      ...(host.guard === "basic-auth" && { Authorization: VALID_AUTHORIZATION }),
    },
  };
}

/** Runs a turn with a ticket, which is missing its answer if the turn rejects. */
export async function withTicket(checker: Checker, request: SoakRequest, run: (ticket: Ticket) => Promise<void>) {
  const ticket = checker.begin(request);
  await run(ticket).catch((error: Error & { code?: string }) =>
    ticket.missing([error.message, error.code].filter(Boolean).join(" ")),
  );
}

/** Reads the origin's echo in a header. */
export function readEcho(headers: Readonly<Record<string, string | string[] | undefined>>): OriginEcho | undefined {
  const text = headers[ECHO_HEADER];
  return typeof text === "string" ? (JSON.parse(text) as OriginEcho) : undefined;
}
