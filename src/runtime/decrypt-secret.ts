import { AEAD_AES_256_GCM, CipherSuite, KDF_HKDF_SHA256, KEM_DHKEM_X25519_HKDF_SHA256 } from "hpke";
import { ENCRYPTED_SECRET_PATTERN, ENCRYPTION_INFO } from "../rules/encrypted-secret.ts";
import { decodeBase64 } from "./base64.ts";

const MAX_CACHED_TEXTS = 1000;

const suite = new CipherSuite(KEM_DHKEM_X25519_HKDF_SHA256, KDF_HKDF_SHA256, AEAD_AES_256_GCM);

// Kept across the requests of an isolate, so plain data only: decrypted texts by ciphertext.
const decryptedTexts = new Map<string, string>();

/** Decrypts a secret of the controller (HPKE, RFC 9180). Rejects if the Worker has no key, or none that fits. */
export async function decryptSecret(encryptedSecret: string, privateKeys: readonly string[]): Promise<string> {
  const cached = decryptedTexts.get(encryptedSecret);
  if (cached !== undefined) return cached;
  const [, encapsulated, ciphertext] = ENCRYPTED_SECRET_PATTERN.exec(encryptedSecret) ?? [];
  if (encapsulated === undefined || ciphertext === undefined) throw new Error("not an encrypted secret");
  if (privateKeys.length === 0) throw new Error("EDGRESS_DECRYPTION_KEY is not set");
  const text = await openWithFirst(privateKeys, decodeBase64(encapsulated), decodeBase64(ciphertext));
  const [oldestKey] = decryptedTexts.keys();
  if (decryptedTexts.size >= MAX_CACHED_TEXTS && oldestKey !== undefined) decryptedTexts.delete(oldestKey);
  decryptedTexts.set(encryptedSecret, text);
  return text;
}

type Bytes = Uint8Array<ArrayBuffer>;

/** Decrypts with the first key that fits. Rejects with the error of the last one if none does. */
async function openWithFirst(
  [privateKey = "", ...otherKeys]: readonly string[],
  encapsulated: Bytes,
  ciphertext: Bytes,
): Promise<string> {
  try {
    // Extractable, because workerd derives the public key from it.
    const key = await suite.DeserializePrivateKey(decodeBase64(privateKey), true);
    const info = new TextEncoder().encode(ENCRYPTION_INFO);
    return new TextDecoder().decode(await suite.Open(key, encapsulated, ciphertext, { info }));
  } catch (error) {
    if (otherKeys.length === 0) throw error;
    return openWithFirst(otherKeys, encapsulated, ciphertext);
  }
}

const PRIVATE_KEY_PREFIX = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 4, 0x22, 4, 0x20]; // RFC 8410

/** Returns the public keys of private keys, in base64. Leaves out an invalid one. */
export async function derivePublicKeys(privateKeys: readonly string[]): Promise<readonly string[]> {
  const publicKeys = await Promise.all(privateKeys.map((key) => derivePublicKey(key).catch(() => undefined)));
  return publicKeys.filter((key) => key !== undefined);
}

async function derivePublicKey(privateKey: string): Promise<string | undefined> {
  const bytes = new Uint8Array([...PRIVATE_KEY_PREFIX, ...decodeBase64(privateKey)]);
  const key = await crypto.subtle.importKey("pkcs8", bytes, { name: "X25519" }, true, ["deriveBits"]);
  const { x } = (await crypto.subtle.exportKey("jwk", key)) as { readonly x?: string };
  return x === undefined ? undefined : `${x.replaceAll("-", "+").replaceAll("_", "/")}=`;
}
