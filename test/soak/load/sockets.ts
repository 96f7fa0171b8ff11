import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import { waitFor } from "../../support/wait-for.ts";
import type { Ticket } from "../check/checker.ts";
import type { Random } from "../random.ts";
import type { OriginEcho } from "../world/origins.ts";
import { CLIENT_TIMEOUT_MS, type SoakClient } from "./client.ts";
import { type AdmittedRequest, buildAdmitted, type LoadTurn, withTicket } from "./load.ts";

const MAX_MESSAGES = 60;
const MAX_PAUSE_MS = 100;
const BURST = 5;
const MAX_MESSAGE_LENGTH = 2_000;

/** Opens a WebSocket, and sends messages in bursts. Each must come back once, in order, until a clean end. */
export const exchangeMessages: LoadTurn = async ({ client, checker, random }) => {
  const count = 1 + random.below(MAX_MESSAGES);
  const scheme = random.pick(["http", "https"] as const);
  const admitted = buildAdmitted(random, "WebSocket", scheme, `socket/${random.below(1000)}`);
  await withTicket(checker, admitted.request, async (ticket) => {
    const connection = open(client, admitted, ticket);
    try {
      const echo = JSON.parse(await connection.received(0)) as OriginEcho;
      const problem = (await exchange(connection, count, random)) ?? (await connection.close());
      ticket.answered({ status: 101, headers: {}, echo, problem }, 101);
    } finally {
      connection.terminate();
    }
  });
};

/** Returns the first message that is not the expected one. */
async function exchange(connection: Connection, count: number, random: Random): Promise<string | undefined> {
  for (let sent = 0; sent < count; sent += BURST) {
    const burst = Array.from({ length: Math.min(BURST, count - sent) }, (_, index) =>
      `${sent + index} `.padEnd(random.below(MAX_MESSAGE_LENGTH), "x"),
    );
    for (const message of burst) connection.send(message);
    for (const [index, message] of burst.entries()) {
      const got = await connection.received(1 + sent + index);
      if (got !== message) return `message ${got.slice(0, 20)} for ${message.slice(0, 20)}`;
    }
    await sleep(random.below(MAX_PAUSE_MS));
  }
  return undefined;
}

interface Connection {
  send(message: string): void;
  /** Resolves with a message by its number. Rejects if the connection ends before it, or after 30 s. */
  received(number: number): Promise<string>;
  /** Closes the connection. Resolves with the problem if its end is not clean. */
  close(): Promise<string | undefined>;
  terminate(): void;
}

function open({ edges }: SoakClient, { request, scheme, path, headers }: AdmittedRequest, ticket: Ticket): Connection {
  const port = scheme === "http" ? edges.http.port : edges.https.port;
  const socket = new WebSocket(`${scheme === "http" ? "ws" : "wss"}://127.0.0.1:${port}${path}`, {
    headers: { ...headers, Host: request.host.name, "X-Request-ID": ticket.id },
    perMessageDeflate: false,
    rejectUnauthorized: false,
    handshakeTimeout: CLIENT_TIMEOUT_MS,
  });
  const messages: string[] = [];
  const end = Promise.withResolvers<number>();
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => undefined); // each reader rejects
  socket.on("message", (data) => void messages.push(String(data)));
  socket.on("error", failure.reject);
  socket.on("close", (code) => {
    end.resolve(code);
    failure.reject(new Error(`closed with code ${code} after ${messages.length} messages`));
  });
  return {
    send: (message) => socket.send(message),
    async received(number) {
      const hasMessage = () => messages.length > number;
      await Promise.race([waitFor(hasMessage, CLIENT_TIMEOUT_MS), failure.promise]);
      return messages[number] ?? "";
    },
    async close() {
      socket.close(1000);
      const code = await end.promise;
      return code === 1000 ? undefined : `end of the connection with code ${code}`;
    },
    terminate: () => socket.terminate(),
  };
}
