import type { Exchange } from "../../request/exchange.ts";
import { errorResponse, withHeader } from "../../request/response.ts";
import { errorMessage } from "../../rules/error-message.ts";
import { type BasicAuth, findHtpasswdHash } from "../../rules/policies/basic-auth.ts";
import { failure, type Result, success } from "../../rules/result.ts";
import { verifyPassword } from "../password/verify.ts";
import { ALLOW, type AuthCheck, type AuthVerdict, denyRequest } from "./auth-check.ts";
import { createExpiringHashSet } from "./expiring-hash-set.ts";

const PASSWORD_CACHE_TTL_MS = 60_000;

// Kept across the requests of an isolate: valid credentials as keyed hashes, which do not reveal the password.
const verifiedPasswords = createExpiringHashSet(PASSWORD_CACHE_TTL_MS);

/** Accepts clients by name and password. Rejects all if the Secret cannot be decrypted. */
export function basicAuth({ realm, users }: BasicAuth): AuthCheck {
  const challenge = `Basic realm="${realm.replace(/["\\]/g, "\\$&")}"`;
  return async (exchange) => {
    const usersFile = await exchange.platform.decrypt(users).then(success, toDecryptionFailure);
    if (!usersFile.ok) return failOnUnreadableSecret(exchange, usersFile.problem);
    const credentials = parseCredentials(exchange.request);
    if (credentials && (await areCredentialsValid(credentials, usersFile.value))) return ALLOW;
    const denial = denyRequest(exchange, 401, credentials ? "wrong name or password" : "no name and password");
    return { ...denial, answer: withHeader(denial.answer, "WWW-Authenticate", challenge) };
  };
}

function toDecryptionFailure(error: unknown): Result<string> {
  return failure(errorMessage(error));
}

function failOnUnreadableSecret(exchange: Exchange, problem: string): AuthVerdict {
  const reason = `the users' Secret cannot be decrypted: ${problem}`;
  return { type: "failed", answer: errorResponse(exchange, 503, "failed-closed", reason) };
}

interface Credentials {
  readonly user: string; // byte strings
  readonly password: string;
}

async function areCredentialsValid({ user, password }: Credentials, file: string): Promise<boolean> {
  const hash = findHtpasswdHash(file, user);
  if (!hash) return false;
  const cacheKey = JSON.stringify([user, password, hash]); // a new hash requires a new check
  if (verifiedPasswords.has(cacheKey, Date.now())) return true;
  if (!(await verifyPassword(password, hash))) return false;
  verifiedPasswords.add(cacheKey, Date.now());
  return true;
}

function parseCredentials(request: Request): Credentials | undefined {
  const [, encoded = ""] = /^basic +([A-Za-z0-9+/]+=*) *$/i.exec(request.headers.get("Authorization") ?? "") ?? [];
  try {
    const [, user, password] = /^([^:]*):(.*)$/s.exec(atob(encoded)) ?? [];
    return user && password !== undefined ? { user, password } : undefined;
  } catch {
    return undefined;
  }
}
