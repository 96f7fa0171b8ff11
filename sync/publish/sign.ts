import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import { SignedManifest } from "../../src/rules/snapshot.ts";

/** A pair of keys for manifests, base64: the sync job signs with the one, the Worker verifies with the other. */
export interface Keys {
  readonly privateKey: string; // PKCS #8
  readonly publicKey: string; // 32 raw bytes
}

/** Signs manifests with Ed25519, and tells its own from others'. */
export interface Signer {
  /** The bytes that are published for a manifest. */
  seal(manifest: string): string;
  /** The manifest in published bytes, if this signer sealed them. */
  open(bytes: string): string | undefined;
}

export function generateKeys(): Keys {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return {
    privateKey: privateKey.export({ format: "der", type: "pkcs8" }).toString("base64"),
    publicKey: rawPublicKey(publicKey).toString("base64"),
  };
}

/** Throws where the key is not a PKCS #8 Ed25519 key in base64. */
export function signerOf(privateKey: string): Signer {
  const key = createPrivateKey({ key: Buffer.from(privateKey, "base64"), format: "der", type: "pkcs8" });
  if (key.asymmetricKeyType !== "ed25519") throw new Error("the signing key is not an Ed25519 key");
  const publicKey = createPublicKey(key);
  return {
    seal(manifest) {
      const signature = sign(null, Buffer.from(manifest), key).toString("base64");
      return JSON.stringify({ manifest, signature } satisfies SignedManifest);
    },
    open(bytes) {
      const read = SignedManifest.safeParse(parseJson(bytes));
      if (!read.success) return undefined;
      const { manifest, signature } = read.data;
      return verify(null, Buffer.from(manifest), publicKey, Buffer.from(signature, "base64")) ? manifest : undefined;
    },
  };
}

/** The last 32 bytes of the SubjectPublicKeyInfo are the key itself (RFC 8410). */
function rawPublicKey(key: KeyObject): Buffer {
  return key.export({ format: "der", type: "spki" }).subarray(-32);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
