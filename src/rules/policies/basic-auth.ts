import * as z from "zod/mini";
import { compareText } from "../compare-text.ts";
import { failure, type Result, success } from "../result.ts";
import { text, word } from "./annotation-types.ts";
import type { AnnotationValues, PolicyContext } from "./policy.ts";

/** Who may call, by name and password. */
export const BasicAuth = z.strictObject({
  realm: z.string(),
  users: z.string(), // sealed: lines "user:hash", as in an htpasswd file
});
export type BasicAuth = z.infer<typeof BasicAuth>;

/** The costliest hashes that the edge computes; a password under one that costs more is never right. */
export const MAX_BCRYPT_COST = 14;
export const MAX_CRYPT_ROUNDS = 200_000;

export const basicAuthAnnotations = {
  "auth-type": word(
    {
      doc: "`basic`: asks for a name and password of `auth-secret`, with 401. `digest` cannot be had, and closes.",
      example: "basic",
      guards: true,
    },
    ["basic", "digest"],
  ),
  "auth-secret": text(
    {
      doc: "The Secret that holds the users, in the Ingress's own namespace. It is published encrypted.",
      example: "staff",
      guards: true,
    },
    /^(?:[a-z0-9][-a-z0-9]*\/)?[a-z0-9][-.a-z0-9]*$/,
    'the name of a Secret such as "staff" or "namespace/staff"',
  ),
  "auth-secret-type": word(
    {
      doc: "`auth-file`: the Secret's key `auth` is an htpasswd file. `auth-map`: each key is a user, its value the hash.",
      example: "auth-map",
      default: "auth-file",
      guards: true,
    },
    ["auth-file", "auth-map"],
  ),
  "auth-realm": text(
    {
      doc: "What the browser says that the password is for.",
      example: "Staff only",
      default: "",
      guards: true,
    },
    /^(?!off$)[\x20-\x7e]*$/i, // nginx takes "off" as no authentication at all
    'printable ASCII, and not "off"',
  ),
};

/** Fails closed: a Secret without `auth-type`, or the other way round, asks for a lock and gets one. */
export function buildBasicAuth(
  values: AnnotationValues<typeof basicAuthAnnotations>,
  context: PolicyContext,
): BasicAuth | undefined {
  const type = values["auth-type"];
  const secret = values["auth-secret"];
  if (type === undefined) {
    if (secret === undefined) return undefined;
    return context.failClosed("auth-secret", "auth-type does not say what it is for", 'set auth-type to "basic"');
  }
  if (type === "digest")
    return context.failClosed("auth-type", "digest authentication cannot be had", 'set it to "basic"');
  if (secret === undefined)
    return context.failClosed("auth-type", "auth-secret does not name the users", "name their Secret");
  const users = readHtpasswd(secret, values["auth-secret-type"] ?? "auth-file", context);
  if (!users.ok) return context.failClosed("auth-secret", users.problem, "create it, or correct the name");
  if (listHtpasswdHashes(users.value).some(exceedsHashCostLimit)) {
    context.warn("auth-secret", "it has hashes that cost too much to check at the edge", COSTLY_HASH_REMEDY);
  }
  return { realm: values["auth-realm"] ?? "", users: context.tokenizeSecret(users.value) };
}

const COSTLY_HASH_REMEDY = `use bcrypt with a cost of at most ${MAX_BCRYPT_COST}, or at most ${MAX_CRYPT_ROUNDS} rounds; until then those users get 401`;

/** Whether a hash was made so costly that checking it would hold up the requests of others. */
export function exceedsHashCostLimit(hash: string): boolean {
  const [, cost] = /^\$2[aby]\$(\d\d)\$/.exec(hash) ?? [];
  const [, rounds] = /^\$[56]\$rounds=(\d+)\$/.exec(hash) ?? [];
  return Number(cost ?? 0) > MAX_BCRYPT_COST || Number(rounds ?? 0) > MAX_CRYPT_ROUNDS;
}

/** The hash of a user in an htpasswd text: the first line with the name counts, what follows a second ":" is a comment. */
export function findHtpasswdHash(users: string, name: string): string | undefined {
  const line = listHtpasswdLines(users).find((candidate) => candidate.startsWith(`${name}:`));
  return line?.slice(name.length + 1).split(":")[0];
}

function listHtpasswdHashes(users: string): string[] {
  return listHtpasswdLines(users).map((line) => line.split(":")[1] ?? "");
}

function listHtpasswdLines(users: string): string[] {
  return users.split(/[\r\n]+/).filter((line) => !line.startsWith("#"));
}

function readHtpasswd(reference: string, type: "auth-file" | "auth-map", context: PolicyContext): Result<string> {
  const secret = context.readSecret(reference);
  if (!secret.ok) return secret;
  switch (type) {
    case "auth-file": {
      const file = secret.value.auth;
      return file === undefined ? failure(`Secret ${reference} has no key "auth"`) : success(file);
    }
    case "auth-map": {
      const users = Object.entries(secret.value).toSorted(([a], [b]) => compareText(a, b));
      return success(users.map(([user, hash]) => `${user}:${hash.trim().split(/[\r\n]/)[0]}\n`).join(""));
    }
  }
}
