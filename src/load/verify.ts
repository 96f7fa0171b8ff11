import * as z from "zod/mini";
import { Manifest, Shard, SignedManifest } from "../rules/snapshot.ts";

/** Returns the manifest in bytes of KV. Throws if its signature or its format is invalid. */
export async function verifyManifest(bytes: string, publicKey: string): Promise<Manifest> {
  const signedManifest = z.safeParse(SignedManifest, parseJson(bytes, "manifest"));
  if (!signedManifest.success)
    throw new Error(`manifest is not signed as expected: ${formatZodError(signedManifest.error)}`);
  const { manifest, signature } = signedManifest.data;
  const key = await crypto.subtle.importKey("raw", decodeBase64(publicKey), "Ed25519", false, ["verify"]);
  const isGenuine = await crypto.subtle.verify(
    "Ed25519",
    key,
    decodeBase64(signature),
    new TextEncoder().encode(manifest),
  );
  if (!isGenuine) throw new Error("manifest signature is not from the controller's key");
  const result = z.safeParse(Manifest, parseJson(manifest, "manifest"));
  if (!result.success) throw new Error(`manifest is invalid: ${formatZodError(result.error)}`);
  return result.data;
}

/** Returns the shard in bytes of KV. Throws if its digest differs from the expected one. */
export async function verifyShard(bytes: string, digest: string): Promise<Shard> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(bytes));
  const actualDigest = [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  if (actualDigest !== digest) throw new Error(`shard ${digest} has the digest ${actualDigest}`);
  const result = z.safeParse(Shard, parseJson(bytes, `shard ${digest}`));
  if (!result.success) throw new Error(`shard ${digest} is invalid: ${formatZodError(result.error)}`);
  return result.data;
}

/** Formats the first issue with its path. zod/mini reports only "Invalid input" without a locale. */
function formatZodError({ issues: [issue] }: z.core.$ZodError): string {
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

function decodeBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
