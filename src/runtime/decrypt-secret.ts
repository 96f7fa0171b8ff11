import { AEAD_AES_256_GCM, CipherSuite, KDF_HKDF_SHA256, KEM_DHKEM_X25519_HKDF_SHA256 } from "hpke";
import { ENCRYPTED_SECRET_PATTERN, ENCRYPTION_INFO } from "../rules/encrypted-secret.ts";
import { decodeBase64 } from "./base64.ts";

const MAX_CACHED_TEXTS = 1000;

const suite = new CipherSuite(KEM_DHKEM_X25519_HKDF_SHA256, KDF_HKDF_SHA256, AEAD_AES_256_GCM);

// Kept across the requests of an isolate, so plain data only: decrypted texts by ciphertext.
const decryptedTexts = new Map<string, string>();

/** Decrypts a secret of the controller (HPKE, RFC 9180). Rejects if the Worker has no key or the wrong key. */
export async function decryptSecret(encryptedSecret: string, privateKey: string | undefined): Promise<string> {
  const cached = decryptedTexts.get(encryptedSecret);
  if (cached !== undefined) return cached;
  const [, encapsulated, ciphertext] = ENCRYPTED_SECRET_PATTERN.exec(encryptedSecret) ?? [];
  if (encapsulated === undefined || ciphertext === undefined) throw new Error("not an encrypted secret");
  if (!privateKey) throw new Error("EDGRESS_DECRYPTION_KEY is not set");
  // Extractable, because workerd derives the public key from it.
  const key = await suite.DeserializePrivateKey(decodeBase64(privateKey), true);
  const info = new TextEncoder().encode(ENCRYPTION_INFO);
  const bytes = await suite.Open(key, decodeBase64(encapsulated), decodeBase64(ciphertext), { info });
  const text = new TextDecoder().decode(bytes);
  const [oldestKey] = decryptedTexts.keys();
  if (decryptedTexts.size >= MAX_CACHED_TEXTS && oldestKey !== undefined) decryptedTexts.delete(oldestKey);
  decryptedTexts.set(encryptedSecret, text);
  return text;
}
