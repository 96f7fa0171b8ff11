import { md5 } from "@noble/hashes/legacy.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";

// Two schemes of crypt(3) with hash functions of @noble/hashes. No maintained package computes them in a Worker:
// apache-md5 requires a module system that workerd lacks, unixcrypt is wrong for passwords of 32 and 64 bytes.

type HashFunction = (bytes: Uint8Array) => Uint8Array;

const DIGITS = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const MD5_ROUNDS = 1000;
const SHA_ROUNDS = 5000;
const MIN_SHA_ROUNDS = 1000;
// The order of the digest bytes in the output, three at a time, most significant first.
const MD5_ORDER = [0, 6, 12, 1, 7, 13, 2, 8, 14, 3, 9, 15, 4, 10, 5, 11];
const SHA256_ORDER = [...buildRotatingOrder(10, [0, 10, 20], 2), 31, 30];
const SHA512_ORDER = [...buildRotatingOrder(21, [0, 21, 42], 1), 63];

/** Returns the hash of a password with the salt of `storedHash`: `$apr1$salt$…` or `$1$salt$…`. */
export function md5Crypt(password: Uint8Array, storedHash: string): string | undefined {
  const [, magic, salt] = /^(\$apr1\$|\$1\$)([^$]{1,8})\$/.exec(storedHash) ?? [];
  if (magic === undefined || salt === undefined) return undefined;
  const saltBytes = utf8ToBytes(salt);
  const alternateDigest = md5(concatBytes(password, saltBytes, password));
  const bits = toBits(password.length).map((bit) => (bit ? new Uint8Array(1) : password.subarray(0, 1)));
  let digest: Uint8Array = md5(
    concatBytes(password, utf8ToBytes(magic), saltBytes, repeatToLength(alternateDigest, password.length), ...bits),
  );
  for (let round = 0; round < MD5_ROUNDS; round++) digest = md5(buildRoundInput(round, digest, password, saltBytes));
  return `${magic}${salt}$${encodeDigest(digest, MD5_ORDER)}`;
}

/**
 * Returns the hash of a password with the salt of `storedHash`, `$5$…` or `$6$…`.
 * https://www.akkadia.org/drepper/SHA-crypt.txt
 */
export function shaCrypt(password: Uint8Array, storedHash: string): string | undefined {
  const [, id, roundsText, salt] = /^\$([56])\$(?:rounds=(\d+)\$)?([^$:\n]{0,16})[^$]*\$/.exec(storedHash) ?? [];
  if (id === undefined || salt === undefined) return undefined;
  const hash: HashFunction = id === "5" ? sha256 : sha512;
  const saltBytes = utf8ToBytes(salt);
  const alternateDigest = hash(concatBytes(password, saltBytes, password));
  const bits = toBits(password.length).map((bit) => (bit ? alternateDigest : password));
  let digest = hash(concatBytes(password, saltBytes, repeatToLength(alternateDigest, password.length), ...bits));
  const passwordSequence = repeatToLength(hash(concatBytes(...repeat(password, password.length))), password.length);
  const saltSequence = repeatToLength(hash(concatBytes(...repeat(saltBytes, 16 + (digest[0] ?? 0)))), saltBytes.length);
  const rounds = Math.max(MIN_SHA_ROUNDS, Number(roundsText ?? SHA_ROUNDS));
  for (let round = 0; round < rounds; round++)
    digest = hash(buildRoundInput(round, digest, passwordSequence, saltSequence));
  const roundsPrefix = roundsText === undefined ? "" : `rounds=${rounds}$`;
  return `$${id}$${roundsPrefix}${salt}$${encodeDigest(digest, id === "5" ? SHA256_ORDER : SHA512_ORDER)}`;
}

/** Returns the input of one iteration, which both schemes build in the same way. */
function buildRoundInput(round: number, digest: Uint8Array, password: Uint8Array, salt: Uint8Array): Uint8Array {
  const empty = new Uint8Array();
  const isOdd = round % 2 === 1;
  return concatBytes(
    isOdd ? password : digest,
    round % 3 === 0 ? empty : salt,
    round % 7 === 0 ? empty : password,
    isOdd ? digest : password,
  );
}

/** Returns the bits of a number, lowest first. */
function toBits(number: number): boolean[] {
  return number === 0 ? [] : [...number.toString(2)].reverse().map((digit) => digit === "1");
}

/** Repeats and truncates a digest to a length. */
function repeatToLength(digest: Uint8Array, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => digest[index % digest.length] ?? 0);
}

function repeat(bytes: Uint8Array, count: number): Uint8Array[] {
  return Array.from({ length: count }, () => bytes);
}

/** Encodes three bytes as four digits of base 64, lowest first. One or two last bytes have two or three digits. */
function encodeDigest(digest: Uint8Array, order: readonly number[]): string {
  const groups = Array.from({ length: Math.ceil(order.length / 3) }, (_, group) =>
    order.slice(3 * group, 3 * group + 3),
  );
  return groups
    .map((group) => {
      const number = group.reduce((bits, index) => (bits << 8) | (digest[index] ?? 0), 0);
      return Array.from({ length: group.length + 1 }, (_, digit) => DIGITS[(number >>> (6 * digit)) & 63]).join("");
    })
    .join("");
}

/** Returns groups of three that begin with each of `firstIndices` in turn, in ascending order. */
function buildRotatingOrder(groups: number, firstIndices: readonly number[], step: 1 | 2): number[] {
  return Array.from({ length: groups }, (_, group) =>
    firstIndices.map((_, position) => (firstIndices[(position + step * group) % 3] ?? 0) + group),
  ).flat();
}
