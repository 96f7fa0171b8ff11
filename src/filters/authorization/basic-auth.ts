import type { Exchange } from "../../request/exchange.ts";
import { errorResponse, withHeader } from "../../request/response.ts";
import { formatClientNetwork } from "../../rules/addresses.ts";
import { errorMessage } from "../../rules/error-message.ts";
import { type BasicAuth, findFirstHash, findHtpasswdHash } from "../../rules/policies/basic-auth.ts";
import { failure, type Result, success } from "../../rules/result.ts";
import { verifyPassword } from "../password/verify.ts";
import { createAttemptLimit } from "./attempt-limit.ts";
import { ALLOW, type AuthCheck, type AuthVerdict, denyRequest } from "./auth-check.ts";
import { createExpiringHashSet } from "./expiring-hash-set.ts";

const PASSWORD_CACHE_TTL_MS = 60_000;
const MAX_WRONG_PASSWORDS = 20;
const WRONG_PASSWORD_INTERVAL_MS = 2000; // one more attempt after this time

// Kept across the requests of an isolate: valid credentials as keyed hashes, which do not reveal the password.
const verifiedPasswords = createExpiringHashSet(PASSWORD_CACHE_TTL_MS);
// Kept across the requests of an isolate: counts of attempts by client network.
const passwordAttempts = createAttemptLimit(MAX_WRONG_PASSWORDS, WRONG_PASSWORD_INTERVAL_MS);

/** Accepts clients by name and password. Rejects all if the Secret cannot be decrypted. */
export function basicAuth({ realm, users }: BasicAuth): AuthCheck {
  const challenge = `Basic realm="${realm.replace(/["\\]/g, "\\$&")}"`;
  return async (exchange) => {
    const usersFile = await exchange.platform.decrypt(users).then(success, toDecryptionFailure);
    if (!usersFile.ok) return failOnUnreadableSecret(exchange, usersFile.problem);
    const credentials = parseCredentials(exchange.request);
    if (credentials) {
      const client = formatClientNetwork(exchange.clientIp);
      const result = checkCredentials(credentials, usersFile.value, client);
      if (result === "valid") return ALLOW;
      if (result === "too-many-attempts") return denyRequest(exchange, 429, "too many wrong passwords");
    }
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

/** An unknown name costs as much time as a known one, so that the time does not reveal names. */
function checkCredentials(
  { user, password }: Credentials,
  file: string,
  client: string,
): "valid" | "wrong" | "too-many-attempts" {
  const hash = findHtpasswdHash(file, user);
  const cacheKey = JSON.stringify([user, password, hash]); // a new hash requires a new check
  if (hash && verifiedPasswords.has(cacheKey, Date.now())) return "valid";
  if (!passwordAttempts.begin(client, Date.now())) return "too-many-attempts";
  const isMatch = verifyPassword(password, hash || findFirstHash(file));
  if (!hash || !isMatch) return "wrong";
  passwordAttempts.succeed(client);
  verifiedPasswords.add(cacheKey, Date.now());
  return "valid";
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
