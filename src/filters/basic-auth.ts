import { ownAnswer, withHeader } from "../answer.ts";
import type { Exchange } from "../exchange.ts";
import { type Parsed, parsed, refused } from "../rules/parsed.ts";
import { type BasicAuth, hashOf } from "../rules/policies/basic-auth.ts";
import { denied, type Gate, PASSED, type Verdict } from "./gate.ts";
import { isPassword } from "./passwords.ts";
import { forgetfulSet } from "./remembered.ts";

const REMEMBERED_MS = 60_000;

// Kept across the requests of an isolate: who was right, as keyed hashes that say nothing of the password.
const right = forgetfulSet(REMEMBERED_MS);

/** Lets in by name and password. A Secret that cannot be opened lets nobody in. */
export function basicAuth({ realm, users }: BasicAuth): Gate {
  const challenge = `Basic realm="${realm.replace(/["\\]/g, "\\$&")}"`;
  return async (exchange) => {
    const opened = await exchange.platform.open(users).then(parsed, unreadable);
    if (!opened.ok) return closed(exchange, opened.problem);
    const given = credentialsOf(exchange.request);
    if (given && (await isRight(given, opened.value))) return PASSED;
    const turned = denied(exchange, 401, given ? "the name or password is wrong" : "no name and password were given");
    return { ...turned, answer: withHeader(turned.answer, "WWW-Authenticate", challenge) };
  };
}

function unreadable(error: unknown): Parsed<string> {
  return refused(error instanceof Error ? error.message : String(error));
}

function closed(exchange: Exchange, problem: string): Verdict {
  const because = `the users' Secret cannot be opened: ${problem}`;
  return { is: "failed", answer: ownAnswer(exchange, 503, "closed", because) };
}

interface Credentials {
  readonly user: string; // byte strings
  readonly password: string;
}

async function isRight({ user, password }: Credentials, file: string): Promise<boolean> {
  const hash = hashOf(file, user);
  if (!hash) return false;
  const check = JSON.stringify([user, password, hash]); // a new hash is a new check
  if (right.has(check, Date.now())) return true;
  if (!(await isPassword(password, hash))) return false;
  right.add(check, Date.now());
  return true;
}

function credentialsOf(request: Request): Credentials | undefined {
  const [, encoded = ""] = /^basic +([A-Za-z0-9+/]+=*) *$/i.exec(request.headers.get("Authorization") ?? "") ?? [];
  try {
    const [, user, password] = /^([^:]*):(.*)$/s.exec(atob(encoded)) ?? [];
    return user && password !== undefined ? { user, password } : undefined;
  } catch {
    return undefined;
  }
}
