import assert from "node:assert/strict";
import { test } from "node:test";
import { decryptSecret, derivePublicKeys } from "../../src/runtime/decrypt-secret.ts";
import { createSecretEncryptor, generateEncryptionKeys } from "../../sync/publish/encrypt-secrets.ts";
import { generateSigningKeys } from "../../sync/publish/sign-manifest.ts";

const [first, second] = [generateEncryptionKeys(), generateEncryptionKeys()];

async function encrypt(text: string, publicKey: string): Promise<string> {
  const encryptor = createSecretEncryptor(generateSigningKeys().privateKey, publicKey);
  const token = JSON.stringify([encryptor.tokenizeSecret(text)]);
  const [encryptedText] = JSON.parse((await encryptor.prepare([{ settings: [{ key: "", text: token }] }]))(token));
  return encryptedText;
}

test("A secret is decrypted with either of two keys", async () => {
  const keys = [first.privateKey, second.privateKey];
  assert.equal(await decryptSecret(await encrypt("ann", first.publicKey), keys), "ann");
  assert.equal(await decryptSecret(await encrypt("bob", second.publicKey), keys), "bob");
});

test("A secret of a third key is not decrypted", async () => {
  const encryptedText = await encrypt("ann", generateEncryptionKeys().publicKey);
  await assert.rejects(decryptSecret(encryptedText, [first.privateKey, second.privateKey]));
});

test("The public keys of private keys are derived, and an invalid one is left out", async () => {
  const publicKeys = await derivePublicKeys([second.privateKey, "AAAA", "?", first.privateKey]);
  assert.deepEqual(publicKeys, [second.publicKey, first.publicKey]);
});
