import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import type { HashKey } from "../../src/rules/half-sip-hash.ts";
import { SignedManifest } from "../../src/rules/snapshot.ts";

const RAW_KEY_BYTES = 32;

/** A key pair in base64. The controller uses one half, and the Worker uses the other half. */
export interface KeyPair {
  readonly privateKey: string; // PKCS #8
  readonly publicKey: string; // 32 raw bytes
}

/** Returns the manifest in published bytes, or undefined if the signature is not from an accepted key. */
export interface ManifestVerifier {
  verify(bytes: string): string | undefined;
}

/** Signs manifests with Ed25519, and verifies its own signatures. */
export interface Signer extends ManifestVerifier {
  readonly publicKey: string; // 32 raw bytes in base64
  /** Derived from the private key. It places hosts in shards. */
  readonly hashKey: HashKey;
  /** Returns the bytes to publish for a manifest. */
  sign(manifest: string): string;
}

export function generateSigningKeys(): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return {
    privateKey: privateKey.export({ format: "der", type: "pkcs8" }).toString("base64"),
    publicKey: exportRawPublicKey(publicKey).toString("base64"),
  };
}

/** Creates a signer. Throws if the key is not a PKCS #8 Ed25519 key in base64. */
export function createSigner(privateKey: string): Signer {
  const key = createPrivateKey({ key: Buffer.from(privateKey, "base64"), format: "der", type: "pkcs8" });
  if (key.asymmetricKeyType !== "ed25519") throw new Error("signing key is invalid: expected an Ed25519 key");
  const publicKey = createPublicKey(key);
  const { d } = key.export({ format: "jwk" });
  const hashKeyBytes = Buffer.from(hkdfSync("sha256", Buffer.from(String(d)), "", "edgress shards", 8));
  return {
    hashKey: [hashKeyBytes.readUInt32LE(0), hashKeyBytes.readUInt32LE(4)],
    publicKey: exportRawPublicKey(publicKey).toString("base64"),
    sign(manifest) {
      const signature = sign(null, Buffer.from(manifest), key).toString("base64");
      return JSON.stringify({ manifest, signature } satisfies SignedManifest);
    },
    ...createVerifierOf([publicKey]),
  };
}

/** Creates a verifier that accepts the signatures of several keys. Throws if a key is not 32 raw bytes in base64. */
export function createVerifier(publicKeys: readonly string[]): ManifestVerifier {
  return createVerifierOf(publicKeys.map(importRawPublicKey));
}

/** Whether the bytes are a signed manifest, by any key. */
export function isSignedManifest(bytes: string): boolean {
  return SignedManifest.safeParse(parseJson(bytes)).success;
}

function createVerifierOf(publicKeys: readonly KeyObject[]): ManifestVerifier {
  return {
    verify(bytes) {
      const result = SignedManifest.safeParse(parseJson(bytes));
      if (!result.success) return undefined;
      const { manifest, signature } = result.data;
      const isGenuine = (key: KeyObject) => verify(null, Buffer.from(manifest), key, Buffer.from(signature, "base64"));
      return publicKeys.some(isGenuine) ? manifest : undefined;
    },
  };
}

function importRawPublicKey(text: string): KeyObject {
  const bytes = Buffer.from(text, "base64");
  if (bytes.length !== RAW_KEY_BYTES)
    throw new Error(`public key is invalid: ${bytes.length} bytes, not ${RAW_KEY_BYTES}`);
  return createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: bytes.toString("base64url") }, format: "jwk" });
}

/** Returns the raw key: the last 32 bytes of the SubjectPublicKeyInfo (RFC 8410). */
function exportRawPublicKey(key: KeyObject): Buffer {
  return key.export({ format: "der", type: "spki" }).subarray(-RAW_KEY_BYTES);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
