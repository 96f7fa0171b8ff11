/// <reference path="./unix-crypt-td-js.d.ts" />
import { sha1 } from "@noble/hashes/legacy.js";
import { compareSync as isBcrypt } from "bcryptjs";
import unixCrypt from "unix-crypt-td-js";
import { exceedsHashCostLimit } from "../../rules/policies/basic-auth.ts";
import { md5Crypt, shaCrypt } from "./crypt.ts";

// The limit of crypt(3) in musl, as in ingress-nginx's image. The time of SHA-crypt grows with its square.
const MAX_PASSWORD_BYTES = 256;

/**
 * Whether a password (a byte string) matches a hash in a format of nginx: apr1 and MD5-crypt, bcrypt, {SHA}, {SSHA},
 * {PLAIN}, SHA-crypt, and DES crypt(3). Hashes in other formats never match. It is synchronous, so that parallel requests
 * with the same password wait for the first and then find it verified.
 */
export function verifyPassword(password: string, hash: string): boolean {
  if (password.length > MAX_PASSWORD_BYTES || exceedsHashCostLimit(hash)) return false;
  const bytes = toBytes(password);
  const [, scheme] = /^(\$[a-z0-9]+\$|\{[A-Z]+\})/.exec(hash) ?? [];
  switch (scheme) {
    case "$apr1$":
    case "$1$":
      return constantTimeEquals(md5Crypt(bytes, hash), hash);
    case "$5$":
    case "$6$":
      return constantTimeEquals(shaCrypt(bytes, hash), hash);
    case "$2a$":
    case "$2b$":
    case "$2y$":
      return isBcryptPassword(bytes, hash);
    case "{SHA}":
      return constantTimeEquals(`{SHA}${encodeBase64(sha1(bytes))}`, hash);
    case "{SSHA}":
      return isSaltedShaPassword(bytes, hash);
    case "{PLAIN}":
      return constantTimeEquals(`{PLAIN}${password}`, hash);
    default:
      return /^[./0-9A-Za-z]{13}$/.test(hash) && constantTimeEquals(unixCrypt([...bytes], hash.slice(0, 2)), hash);
  }
}

function isBcryptPassword(password: Uint8Array, hash: string): boolean {
  try {
    return isBcrypt(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(password), hash);
  } catch {
    return false; // the hash is invalid, or the password is not UTF-8, which the package requires
  }
}

function isSaltedShaPassword(password: Uint8Array, hash: string): boolean {
  const encoded = hash.slice("{SSHA}".length);
  if (!/^[A-Za-z0-9+/]{27,}=*$/.test(encoded)) return false;
  const salt = toBytes(atob(encoded)).subarray(20); // SHA-1 has 20 bytes, the salt follows
  const digest = sha1(new Uint8Array([...password, ...salt]));
  return constantTimeEquals(encodeBase64(new Uint8Array([...digest, ...salt])), encoded);
}

/** Compares in constant time, so that the time does not depend on the first difference. */
function constantTimeEquals(computed: string | undefined, expected: string): boolean {
  if (computed === undefined || computed.length !== expected.length) return false;
  let difference = 0;
  for (let index = 0; index < computed.length; index++)
    difference |= computed.charCodeAt(index) ^ expected.charCodeAt(index);
  return difference === 0;
}

function toBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function encodeBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
