import { AEAD_AES_256_GCM, CipherSuite, KDF_HKDF_SHA256, KEM_DHKEM_X25519_HKDF_SHA256 } from "hpke";
import { SEALED, SEALED_FOR } from "./rules/sealed.ts";

const MOST_KEPT = 1000;

const suite = new CipherSuite(KEM_DHKEM_X25519_HKDF_SHA256, KDF_HKDF_SHA256, AEAD_AES_256_GCM);

// Kept across the requests of an isolate, so plain data only: texts, by what they were sealed into.
const opened = new Map<string, string>();

/** The text that the sync job sealed (HPKE, RFC 9180). Rejects where this Worker has no key, or another than it was sealed for. */
export async function openSealed(sealed: string, privateKey: string | undefined): Promise<string> {
  const known = opened.get(sealed);
  if (known !== undefined) return known;
  const [, encapsulated, ciphertext] = SEALED.exec(sealed) ?? [];
  if (encapsulated === undefined || ciphertext === undefined) throw new Error("it is not sealed");
  if (!privateKey) throw new Error("EDGRESS_SEALING_KEY is not set");
  // Extractable, since workerd can find the public half in no other way.
  const key = await suite.DeserializePrivateKey(fromBase64(privateKey), true);
  const info = new TextEncoder().encode(SEALED_FOR);
  const bytes = await suite.Open(key, fromBase64(encapsulated), fromBase64(ciphertext), { info });
  const text = new TextDecoder().decode(bytes);
  const [oldest] = opened.keys();
  if (opened.size >= MOST_KEPT && oldest !== undefined) opened.delete(oldest);
  opened.set(sealed, text);
  return text;
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
