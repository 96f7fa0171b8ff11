import * as z from "zod/mini";
import { Manifest, Shard, SignedManifest } from "../rules/snapshot.ts";

/** The manifest in these bytes of KV. Throws, saying why, unless it is signed with our key and of a format we know. */
export async function verifyManifest(bytes: string, publicKey: string): Promise<Manifest> {
  const signed = z.safeParse(SignedManifest, parseJson(bytes, "manifest"));
  if (!signed.success) throw new Error(`the manifest is not signed as expected: ${mistakeIn(signed.error)}`);
  const { manifest, signature } = signed.data;
  const key = await crypto.subtle.importKey("raw", fromBase64(publicKey), "Ed25519", false, ["verify"]);
  const genuine = await crypto.subtle.verify("Ed25519", key, fromBase64(signature), new TextEncoder().encode(manifest));
  if (!genuine) throw new Error("the manifest's signature is not from the sync job's key");
  const read = z.safeParse(Manifest, parseJson(manifest, "manifest"));
  if (!read.success) throw new Error(`the manifest cannot be read: ${mistakeIn(read.error)}`);
  return read.data;
}

/** The shard in these bytes of KV. Throws unless they have the digest under which they were asked for. */
export async function verifyShard(bytes: string, digest: string): Promise<Shard> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(bytes));
  const found = [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  if (found !== digest) throw new Error(`shard ${digest} has the digest ${found}`);
  const read = z.safeParse(Shard, parseJson(bytes, `shard ${digest}`));
  if (!read.success) throw new Error(`shard ${digest} cannot be read: ${mistakeIn(read.error)}`);
  return read.data;
}

/** The first mistake, with its place. zod/mini knows it only as "Invalid input" unless it carries a language along. */
function mistakeIn({ issues: [first] }: z.core.$ZodError): string {
  if (!first) return "invalid";
  const keys = first.code === "unrecognized_keys" ? ` ${first.keys.join(", ")}` : "";
  return `${first.code}${keys} at ${first.path.join(".") || "the top"}`;
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`the ${what} is not JSON`);
  }
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
