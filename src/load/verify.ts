import * as z from "zod/mini";
import { errorMessage } from "../rules/error-message.ts";
import { expandShard, type HostRules, MAX_MANIFEST_BYTES, Manifest, Shard, SignedManifest } from "../rules/snapshot.ts";
import { DIGEST_DIGITS, toHex } from "../rules/storage/digest-table.ts";
import { MAX_SHARD_BYTES, parseShardText, type ShardRecords } from "../rules/storage/shard-text.ts";
import { decodeBase64 } from "../runtime/base64.ts";
import { gunzip } from "../runtime/decompress.ts";

const VERIFYING_KEY_BYTES = 32;
const VERIFYING_KEY_REMEDY =
  "Set the public key that `edgress keys` printed in the Worker's variables, and deploy it again";

/** The keys and the namespace that a manifest must have. */
export interface TrustedPublisher {
  /** Ed25519 public keys in base64, separated by commas: two while keys are rotated. */
  readonly publicKeys: string;
  readonly kvNamespaceId: string;
}

/** Returns the manifest in bytes of KV. Throws if its signature, its format or its namespace is invalid. */
export async function verifyManifest(bytes: string, publisher: TrustedPublisher): Promise<Manifest> {
  if (bytes.length > MAX_MANIFEST_BYTES) throw new Error(`the manifest has more than ${MAX_MANIFEST_BYTES} bytes`);
  const signedManifest = z.safeParse(SignedManifest, parseJson(bytes, "manifest"));
  if (!signedManifest.success)
    throw new Error(`manifest is not signed as expected: ${formatZodError(signedManifest.error)}`);
  const { manifest, signature } = signedManifest.data;
  if (!(await isGenuine(manifest, signature, publisher.publicKeys)))
    throw new Error(
      "manifest signature does not match EDGRESS_VERIFYING_KEY. Set the key of the controller's EDGRESS_SIGNING_KEY",
    );
  const result = z.safeParse(Manifest, parseJson(manifest, "manifest"));
  if (!result.success) throw new Error(`manifest is invalid: ${formatZodError(result.error)}`);
  const { kvNamespaceId } = result.data;
  if (kvNamespaceId !== publisher.kvNamespaceId)
    throw new Error(`manifest is for another KV namespace: ${kvNamespaceId}, not ${publisher.kvNamespaceId}`);
  return result.data;
}

async function isGenuine(manifest: string, signature: string, publicKeys: string): Promise<boolean> {
  const message = new TextEncoder().encode(manifest);
  for (const publicKey of parseVerifyingKeys(publicKeys)) {
    const key = await crypto.subtle.importKey("raw", publicKey, "Ed25519", false, ["verify"]);
    if (await crypto.subtle.verify("Ed25519", key, decodeBase64(signature), message)) return true;
  }
  return false;
}

/** Returns the keys in EDGRESS_VERIFYING_KEY. Throws an error that names the variable if it is empty or a placeholder. */
export function parseVerifyingKeys(text: string): Uint8Array<ArrayBuffer>[] {
  if (!text) throw new Error(`EDGRESS_VERIFYING_KEY is not set. ${VERIFYING_KEY_REMEDY}`);
  return text.split(",").map((key) => {
    const bytes = parseBase64(key.trim());
    if (bytes?.length === VERIFYING_KEY_BYTES) return bytes;
    throw new Error(
      `EDGRESS_VERIFYING_KEY is not a key of ${VERIFYING_KEY_BYTES} bytes in base64. ${VERIFYING_KEY_REMEDY}`,
    );
  });
}

function parseBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return decodeBase64(text);
  } catch {
    return undefined;
  }
}

/** Returns the hosts of the shard in a value of KV. Throws if its digest differs from the expected one. */
export async function verifyShard(value: string, digest: string): Promise<HostRules[]> {
  const { text } = await decodeShard(value, digest);
  return expandRecords(parseShardText(text), digest);
}

/** The text of a shard whose digest was checked. */
export interface ShardText {
  readonly text: string;
  readonly isAscii: boolean;
}

/** A shard whose digest was checked, and its gzip. */
export interface VerifiedShard extends ShardText {
  readonly compressed: Uint8Array<ArrayBuffer>;
}

/** Returns a shard in a value of KV. Throws if its digest differs from the expected one, or it is too large. */
export async function decodeShard(value: string, digest: string): Promise<VerifiedShard> {
  const name = `shard ${digest}`;
  const compressed = await decodeValue(value, name);
  const bytes = await describeDamage(name, () => gunzip(compressed, MAX_SHARD_BYTES));
  await requireDigest(bytes, digest, "shard");
  return { compressed, ...decodeText(bytes) };
}

/** Returns the text of a shard that was verified before. */
export async function decompressShard(compressed: Uint8Array<ArrayBuffer>): Promise<ShardText> {
  return decodeText(await gunzip(compressed, MAX_SHARD_BYTES));
}

function decodeText(bytes: Uint8Array): ShardText {
  const text = new TextDecoder().decode(bytes);
  return { text, isAscii: text.length === bytes.length };
}

/** Returns the segment of a host filter in a value of KV. Throws if its digest differs from the expected one. */
export async function decodeFilter(value: string, digest: string): Promise<Uint8Array> {
  const bytes = await decodeValue(value, `filter ${digest}`);
  await requireDigest(bytes, digest, "filter");
  return bytes;
}

function expandRecords(records: ShardRecords, digest: string): HostRules[] {
  const result = z.safeParse(Shard, records);
  if (!result.success) throw new Error(`shard ${digest} is invalid: ${formatZodError(result.error)}`);
  return expandShard(result.data);
}

async function decodeValue(value: string, name: string): Promise<Uint8Array<ArrayBuffer>> {
  return await describeDamage(name, async () => decodeBase64(value));
}

async function describeDamage<T>(name: string, decode: () => Promise<T>): Promise<T> {
  try {
    return await decode();
  } catch (error) {
    throw new Error(`${name} is damaged: ${errorMessage(error)}`);
  }
}

async function requireDigest(bytes: Uint8Array<ArrayBuffer>, digest: string, name: string): Promise<void> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const actualDigest = toHex(hash).slice(0, DIGEST_DIGITS);
  if (actualDigest !== digest) throw new Error(`${name} ${digest} has the digest ${actualDigest}`);
}

/** Formats the first issue with its path. zod/mini reports only "Invalid input" without a locale. */
export function formatZodError({ issues: [issue] }: z.core.$ZodError): string {
  if (!issue) return "invalid";
  const keys = issue.code === "unrecognized_keys" ? ` ${issue.keys.join(", ")}` : "";
  return `${issue.code}${keys} at ${issue.path.join(".") || "the top"}`;
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`the ${name} is not JSON`);
  }
}
