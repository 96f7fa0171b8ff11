import * as z from "zod/mini";
import { compareText } from "../compare-text.ts";
import { failure, type Result, success } from "../result.ts";
import { text, word } from "./annotation-types.ts";
import type { AnnotationValues, PolicyContext } from "./policy.ts";

/** Restricts access by name and password. */
export const BasicAuth = z.strictObject({
  realm: z.string(),
  users: z.string(), // encrypted: lines "user:hash", as in an htpasswd file
});
export type BasicAuth = z.infer<typeof BasicAuth>;

/** The most expensive hashes that the edge computes. Passwords with a more expensive hash are rejected. */
export const MAX_BCRYPT_COST = 14;
export const MAX_CRYPT_ROUNDS = 200_000;

export const basicAuthAnnotations = {
  "auth-type": word(
    {
      doc: "`basic` requires a name and password of `auth-secret`. `digest` is unsupported and fails closed.",
      example: "basic",
      default: "none",
      guards: true,
    },
    ["basic", "digest"],
  ),
  "auth-secret": text(
    {
      doc: "Secret with the users, in the namespace of the Ingress. It is published encrypted.",
      example: "staff",
      default: "none",
      embeds: "Secret",
      guards: true,
    },
    /^(?:[a-z0-9][-a-z0-9]*\/)?[a-z0-9][-.a-z0-9]*$/,
    'a Secret name such as "staff" or "namespace/staff"',
  ),
  "auth-secret-type": word(
    {
      doc: "Format of the Secret: an htpasswd file in the key `auth` (`auth-file`), or one key per user (`auth-map`).",
      example: "auth-map",
      default: "auth-file",
      guards: true,
    },
    ["auth-file", "auth-map"],
  ),
  "auth-realm": text(
    {
      doc: "Realm that browsers show.",
      example: "Staff only",
      default: "none",
      guards: true,
    },
    /^(?!off$)[\x20-\x7e]*$/i, // nginx reads "off" as no authentication
    'printable ASCII, and not "off"',
  ),
};

/** Fails closed if `auth-type` or `auth-secret` is missing, because the author wants protection. */
export function buildBasicAuth(
  values: AnnotationValues<typeof basicAuthAnnotations>,
  context: PolicyContext,
): BasicAuth | undefined {
  const type = values["auth-type"];
  const secret = values["auth-secret"];
  if (type === undefined) {
    if (secret === undefined) return undefined;
    return context.failClosed("auth-secret", "auth-type is missing", 'set auth-type to "basic"');
  }
  if (type === "digest")
    return context.failClosed("auth-type", "digest authentication is unsupported", 'set it to "basic"');
  if (secret === undefined)
    return context.failClosed("auth-type", "auth-secret is missing", "set it to the Secret of the users");
  const users = readHtpasswd(secret, values["auth-secret-type"] ?? "auth-file", context);
  if (!users.ok) return context.failClosed("auth-secret", users.problem, "create the Secret, or correct its name");
  if (listHtpasswdHashes(users.value).some(exceedsHashCostLimit)) {
    context.warn("auth-secret", "the Secret has hashes that are too expensive for the edge", COSTLY_HASH_REMEDY);
  }
  return { realm: values["auth-realm"] ?? "", users: context.tokenizeSecret(users.value) };
}

const COSTLY_HASH_REMEDY = `use bcrypt with a cost up to ${MAX_BCRYPT_COST}, or SHA-crypt with up to ${MAX_CRYPT_ROUNDS} iterations; until then these users get 401`;

/** Whether checking a hash would delay the requests of other clients. */
export function exceedsHashCostLimit(hash: string): boolean {
  const [, cost] = /^\$2[aby]\$(\d\d)\$/.exec(hash) ?? [];
  const [, rounds] = /^\$[56]\$rounds=(\d+)\$/.exec(hash) ?? [];
  return Number(cost ?? 0) > MAX_BCRYPT_COST || Number(rounds ?? 0) > MAX_CRYPT_ROUNDS;
}

/** Returns the hash of a user in an htpasswd text, from the first line with the name. A second ":" begins a comment. */
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
