import { createHmac, createPrivateKey, generateKeyPairSync, hkdfSync, type KeyObject } from "node:crypto";
import { AEAD_AES_256_GCM, CipherSuite, KDF_HKDF_SHA256, KEM_DHKEM_X25519_HKDF_SHA256 } from "hpke";
import { SEALED_FOR } from "../../src/rules/sealed.ts";
import { UsageError } from "../usage-error.ts";
import type { Keys } from "./sign.ts";
import type { HostText, Sealed } from "./texts.ts";

/** Keeps secrets from being published readably: rules hold tokens for them, KV holds what only the Worker can open. */
export interface Sealer {
  /** A token for a text: the same text, the same token, and nothing about it without the signing key. */
  readonly seal: (text: string) => string;
  /**
   * Makes ready to publish: resolves with what puts ciphertext in place of the tokens that JSON `texts` hold, always the
   * same function. What a token stands for is encrypted once, so that what did not change has the same bytes; a text that
   * is the same object as before is not looked through again. Rejects with a UsageError where there is no key.
   */
  readonly prepare: (texts: readonly Pick<HostText, "text">[]) => Promise<Sealed>;
  /** Rejects with a UsageError where there is no key to encrypt with, before there is anything to encrypt. */
  readonly expectKey: () => Promise<void>;
}

const TOKEN = /"(sealed:[0-9a-f]{64})"/g;
const suite = new CipherSuite(KEM_DHKEM_X25519_HKDF_SHA256, KDF_HKDF_SHA256, AEAD_AES_256_GCM);

/** The pair that secrets are sealed and opened with: X25519, 32 raw bytes each, base64. */
export function generateSealingKeys(): Keys {
  const { privateKey, publicKey } = generateKeyPairSync("x25519");
  return { privateKey: rawKey(privateKey, "pkcs8"), publicKey: rawKey(publicKey, "spki") };
}

/** Seals for the Worker that has the other half of `publicKey`. With another key every token is another one. */
export function sealerOf(signingKey: string, publicKey: string | undefined): Sealer {
  const { d } = createPrivateKey({ key: Buffer.from(signingKey, "base64"), format: "der", type: "pkcs8" }).export({
    format: "jwk",
  });
  const tokenKey = Buffer.from(hkdfSync("sha256", Buffer.from(String(d)), publicKey ?? "", "edgress tokens", 32));
  const texts = new Map<string, string>();
  const ciphertexts = new Map<string, string>();
  const ready = new WeakSet<Pick<HostText, "text">>();
  const sealed: Sealed = (text) =>
    text.replace(TOKEN, (whole, token: string) => quoted(ciphertexts.get(token)) ?? whole);
  const encrypt = async (token: string) => {
    const text = texts.get(token);
    if (text !== undefined && !ciphertexts.has(token)) ciphertexts.set(token, await encrypted(text, publicKey));
  };
  return {
    seal(text) {
      const token = `sealed:${createHmac("sha256", tokenKey).update(text).digest("hex")}`;
      texts.set(token, text);
      return token;
    },
    async expectKey() {
      await encrypted("", publicKey);
    },
    async prepare(holders) {
      for (const holder of holders.filter((one) => !ready.has(one))) {
        const tokens = [...holder.text.matchAll(TOKEN)].map(([, token = ""]) => token);
        for (const token of tokens) await encrypt(token);
        if (tokens.every((token) => ciphertexts.has(token))) ready.add(holder);
      }
      return sealed;
    },
  };
}

async function encrypted(text: string, publicKey: string | undefined): Promise<string> {
  if (!publicKey) {
    const meaning = "a Secret must be encrypted for the Worker; `edgress keys` prints a pair";
    throw new UsageError(`the environment variable EDGRESS_SEALING_PUBLIC_KEY is not set: ${meaning}`);
  }
  const key = await suite.DeserializePublicKey(new Uint8Array(Buffer.from(publicKey, "base64"))).catch(() => {
    throw new UsageError("EDGRESS_SEALING_PUBLIC_KEY is not a key that `edgress keys` printed");
  });
  const info = new TextEncoder().encode(SEALED_FOR);
  const { encapsulatedSecret, ciphertext } = await suite.Seal(key, new TextEncoder().encode(text), { info });
  return `sealed:${Buffer.from(encapsulatedSecret).toString("base64")}:${Buffer.from(ciphertext).toString("base64")}`;
}

function quoted(text: string | undefined): string | undefined {
  return text === undefined ? undefined : `"${text}"`;
}

/** The last 32 bytes of either encoding are the key itself (RFC 8410). */
function rawKey(key: KeyObject, type: "pkcs8" | "spki"): string {
  return key
    .export({ format: "der", type } as { format: "der"; type: "pkcs8" })
    .subarray(-32)
    .toString("base64");
}
