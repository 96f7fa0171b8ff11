import { createHmac, createPrivateKey, generateKeyPairSync, hkdfSync, type KeyObject } from "node:crypto";
import { AEAD_AES_256_GCM, CipherSuite, KDF_HKDF_SHA256, KEM_DHKEM_X25519_HKDF_SHA256 } from "hpke";
import { ENCRYPTION_INFO } from "../../src/rules/encrypted-secret.ts";
import { diffLists } from "../incremental/list-diff.ts";
import { UsageError } from "../runtime/usage-error.ts";
import type { SerializedHost, TokenEncryptor } from "./serialize.ts";
import type { KeyPair } from "./sign-manifest.ts";

/** Encryption of secrets. Rules contain tokens; KV contains ciphertext that only the Worker can decrypt. */
export interface SecretEncryptor {
  /** Returns the token of a text: the same text has the same token. Without the signing key, a token reveals nothing. */
  readonly tokenizeSecret: (text: string) => string;
  /**
   * Forgets the texts of all tokens except these, so that a process keeps no secret that left the cluster. The ciphertext
   * stays while the last prepared hosts have it, because the deletion guard may keep their routes published.
   */
  readonly retainTokens: (tokens: readonly string[]) => void;
  /**
   * Encrypts the secrets of all tokens in the settings of hosts. Resolves with the function that replaces tokens with ciphertext,
   * always the same one. Each token is encrypted once, so that an unchanged secret keeps its bytes. Holders that
   * were in the last list are not searched again. Rejects with a `UsageError` without a key.
   */
  readonly prepare: (hosts: readonly SecretHolder[]) => Promise<TokenEncryptor>;
  /** Rejects with a `UsageError` if the encryption key is missing or invalid. */
  readonly assertKey: () => Promise<void>;
}

type SecretHolder = Pick<SerializedHost, "settings">;

const TOKEN_PATTERN = /"(sealed:[0-9a-f]{64})"/g;
const cipherSuite = new CipherSuite(KEM_DHKEM_X25519_HKDF_SHA256, KDF_HKDF_SHA256, AEAD_AES_256_GCM);

/** Generates an X25519 key pair for secrets: 32 raw bytes each, in base64. */
export function generateEncryptionKeys(): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync("x25519");
  return { privateKey: exportRawKey(privateKey, "pkcs8"), publicKey: exportRawKey(publicKey, "spki") };
}

/** Creates an encryptor for the Worker that has the private key of `publicKey`. Another key changes every token. */
export function createSecretEncryptor(signingKey: string, publicKey: string | undefined): SecretEncryptor {
  const { d } = createPrivateKey({ key: Buffer.from(signingKey, "base64"), format: "der", type: "pkcs8" }).export({
    format: "jwk",
  });
  const tokenKey = Buffer.from(hkdfSync("sha256", Buffer.from(String(d)), publicKey ?? "", "edgress tokens", 32));
  const textsByToken = new Map<string, string>();
  const ciphertextsByToken = new Map<string, string>();
  let preparedHolders: readonly SecretHolder[] = [];
  let lastHolders: readonly SecretHolder[] = [];
  const tokensByHolder = new WeakMap<SecretHolder, readonly string[]>(); // of holders with tokens
  const encryptTokens: TokenEncryptor = (text) =>
    text.replace(TOKEN_PATTERN, (match, token: string) => quote(ciphertextsByToken.get(token)) ?? match);
  const encryptToken = async (token: string) => {
    const text = textsByToken.get(token);
    if (text !== undefined && !ciphertextsByToken.has(token))
      ciphertextsByToken.set(token, await encryptText(text, publicKey));
  };
  return {
    tokenizeSecret(text) {
      const token = `sealed:${createHmac("sha256", tokenKey).update(text).digest("hex")}`;
      textsByToken.set(token, text);
      return token;
    },
    retainTokens(tokens) {
      const retainedTokens = new Set(tokens);
      for (const token of textsByToken.keys()) if (!retainedTokens.has(token)) textsByToken.delete(token);
      const unusedTokens = [...ciphertextsByToken.keys()].filter((token) => !retainedTokens.has(token));
      if (unusedTokens.length === 0) return;
      const publishedTokens = new Set(lastHolders.flatMap((holder) => tokensByHolder.get(holder) ?? []));
      for (const token of unusedTokens) if (!publishedTokens.has(token)) ciphertextsByToken.delete(token);
    },
    async assertKey() {
      await encryptText("", publicKey);
    },
    async prepare(holders) {
      const newHolders = diffLists(preparedHolders, holders).added;
      const tokens = newHolders.flatMap((holder) => {
        const holderTokens = findTokens(holder);
        if (holderTokens.length > 0) tokensByHolder.set(holder, holderTokens);
        return holderTokens;
      });
      for (const token of tokens) await encryptToken(token);
      lastHolders = holders;
      preparedHolders = tokens.every((token) => ciphertextsByToken.has(token)) ? holders : [];
      return encryptTokens;
    },
  };
}

function findTokens({ settings }: SecretHolder): string[] {
  return settings.flatMap(({ text }) => [...text.matchAll(TOKEN_PATTERN)].map(([, token = ""]) => token));
}

async function encryptText(text: string, publicKey: string | undefined): Promise<string> {
  if (!publicKey) {
    const explanation = "a Secret must be encrypted for the Worker. Create a key pair with `edgress keys`";
    throw new UsageError(`the environment variable EDGRESS_ENCRYPTION_KEY is not set: ${explanation}`);
  }
  const key = await cipherSuite.DeserializePublicKey(new Uint8Array(Buffer.from(publicKey, "base64"))).catch(() => {
    throw new UsageError("EDGRESS_ENCRYPTION_KEY is invalid. Set a key from `edgress keys`");
  });
  const info = new TextEncoder().encode(ENCRYPTION_INFO);
  const { encapsulatedSecret, ciphertext } = await cipherSuite.Seal(key, new TextEncoder().encode(text), { info });
  return `sealed:${Buffer.from(encapsulatedSecret).toString("base64")}:${Buffer.from(ciphertext).toString("base64")}`;
}

function quote(text: string | undefined): string | undefined {
  return text === undefined ? undefined : `"${text}"`;
}

/** Returns the raw key: the last 32 bytes of either encoding (RFC 8410). */
function exportRawKey(key: KeyObject, type: "pkcs8" | "spki"): string {
  return key
    .export({ format: "der", type } as { format: "der"; type: "pkcs8" })
    .subarray(-32)
    .toString("base64");
}
