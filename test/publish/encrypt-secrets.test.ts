import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import { decryptSecret } from "../../src/runtime/decrypt-secret.ts";
import { runExplain } from "../../sync/commands/inspection/explain.ts";
import { compile } from "../../sync/compile/compile.ts";
import { formatDiagnostic } from "../../sync/compile/diagnostics.ts";
import { createSecretEncryptor, generateEncryptionKeys } from "../../sync/publish/encrypt-secrets.ts";
import { publish } from "../../sync/publish/publish.ts";
import { createSigner, generateSigningKeys } from "../../sync/publish/sign-manifest.ts";
import { UsageError } from "../../sync/runtime/usage-error.ts";
import { OPTIONS, ZONES } from "../support/fixture.ts";
import { MemoryKv } from "../support/memory-kv.ts";
import { parseClusterYaml } from "../support/parse-cluster-yaml.ts";
import { ANN_AUTHORIZATION, assertNoHashes, buildBasicAuthManifest } from "../support/publish/basic-auth-cluster.ts";
import { withSettings } from "../support/publish/sample-rules.ts";
import { KEYS } from "../support/publish/signing.ts";
import { readTexts } from "../support/publish/stored-texts.ts";

const signingKeys = KEYS;
const encryptionKeys = generateEncryptionKeys();
const NOW = new Date("2026-03-01T12:00:00Z");
describe("secret encryption", () => {
  const encryptor = createSecretEncryptor(signingKeys.privateKey, encryptionKeys.publicKey);

  test("Equal texts have equal tokens, which depend on the signing key", () => {
    assert.equal(
      encryptor.tokenizeSecret("a"),
      createSecretEncryptor(signingKeys.privateKey, encryptionKeys.publicKey).tokenizeSecret("a"),
    );
    assert.notEqual(encryptor.tokenizeSecret("a"), encryptor.tokenizeSecret("b"));
    assert.notEqual(
      encryptor.tokenizeSecret("a"),
      createSecretEncryptor(generateSigningKeys().privateKey, encryptionKeys.publicKey).tokenizeSecret("a"),
    );
  });

  test("Tokens change with the Worker's encryption key, so that everything is published again", () => {
    assert.notEqual(
      encryptor.tokenizeSecret("a"),
      createSecretEncryptor(signingKeys.privateKey, generateEncryptionKeys().publicKey).tokenizeSecret("a"),
    );
  });

  test("An encrypted secret is decrypted only with the private key of its pair", async () => {
    const token = JSON.stringify([encryptor.tokenizeSecret("ann:ü\n")]);
    const [encryptedText] = JSON.parse((await encryptor.prepare([withSettings(token)]))(token)) as [string];
    await assert.rejects(decryptSecret(encryptedText, [generateEncryptionKeys().privateKey]));
    await assert.rejects(decryptSecret(encryptedText, []), /EDGRESS_DECRYPTION_KEY is not set/);
    await assert.rejects(decryptSecret(encryptedText.replace(/.{8}$/, "AAAAAAA="), [encryptionKeys.privateKey]));
    await assert.rejects(decryptSecret("ann:hash", [encryptionKeys.privateKey]), /not an encrypted secret/);
    assert.equal(await decryptSecret(encryptedText, [encryptionKeys.privateKey]), "ann:ü\n");
  });

  test("A secret that left the cluster is forgotten when it is no longer published, and the others keep their ciphertext", async () => {
    const tokenize = (text: string) => JSON.stringify([encryptor.tokenizeSecret(text)]);
    const [removedToken = "", keptToken = ""] = ["removed", "kept"].map(tokenize);
    const holders = [removedToken, keptToken].map(withSettings);
    const encryptTokens = await encryptor.prepare(holders);
    const ciphertext = encryptTokens(keptToken);
    const removedCiphertext = encryptTokens(removedToken);
    assert.notEqual(removedCiphertext, removedToken);
    encryptor.retainTokens(JSON.parse(keptToken));
    assert.equal(encryptTokens(removedToken), removedCiphertext); // the deletion guard may keep it published
    assert.equal((await encryptor.prepare(holders.slice(1)))(keptToken), ciphertext);
    encryptor.retainTokens(JSON.parse(keptToken));
    await encryptor.prepare(holders);
    assert.equal(encryptTokens(removedToken), removedToken); // nothing is left to replace it with
  });

  test("The text of an object is searched for tokens once", async () => {
    let reads = 0;
    const createHolder = (text: string) => ({
      get settings() {
        reads++;
        return [{ key: "a", text }];
      },
    });
    const [plainHolder, secretHolder] = [
      createHolder('"a"'),
      createHolder(JSON.stringify(encryptor.tokenizeSecret("ann:hash"))),
    ];
    const encryptTokens = await encryptor.prepare([plainHolder, secretHolder]);
    assert.equal(await encryptor.prepare([secretHolder, plainHolder]), encryptTokens);
    assert.equal(reads, 2);
  });

  test("Texts that are not tokens of this encryptor stay unchanged", async () => {
    const otherText = JSON.stringify(["sealed:", `sealed:${"0".repeat(64)}`, "x sealed:"]);
    assert.equal((await encryptor.prepare([withSettings(otherText)]))(otherText), otherText);
  });
});

describe("publishing secrets", () => {
  const signer = createSigner(signingKeys.privateKey);
  const compileManifest = (
    text: string,
    encryptor = createSecretEncryptor(signingKeys.privateKey, encryptionKeys.publicKey),
  ) => ({
    ...compile(parseClusterYaml(text), { ...OPTIONS, zones: ZONES, tokenizeSecret: encryptor.tokenizeSecret }),
    encryptor,
  });

  test("No secret is in KV, rules or diagnostics", async () => {
    const kv = new MemoryKv();
    const { rules, diagnostics, encryptor } = compileManifest(buildBasicAuthManifest());
    await publish(rules, kv, signer, NOW, encryptor);
    assertNoHashes("rules", JSON.stringify(rules));
    assertNoHashes("diagnostics", diagnostics.map(formatDiagnostic).join());
    for (const [key, text] of readTexts(kv)) assertNoHashes(key, key + text);
    assert.ok(diagnostics.some(({ object }) => object === "Ingress default/broken"));
    assert.ok([...readTexts(kv).values()].some((text) => /"sealed:[^"]+:[^"]+"/.test(text)));
  });

  test("Unchanged secrets cause no write, although each process encrypts them differently", async () => {
    const kv = new MemoryKv();
    const firstCompilation = compileManifest(buildBasicAuthManifest());
    await publish(firstCompilation.rules, kv, signer, NOW, firstCompilation.encryptor);
    const writeCount = kv.writtenKeys.length;
    const secondCompilation = compileManifest(buildBasicAuthManifest());
    assert.equal(
      (await publish(secondCompilation.rules, kv, signer, NOW, secondCompilation.encryptor)).hasChanged,
      false,
    );
    assert.equal(kv.writtenKeys.length, writeCount);
  });

  test("A process encrypts each secret once", async () => {
    const kv = new MemoryKv();
    const encryptor = createSecretEncryptor(signingKeys.privateKey, encryptionKeys.publicKey);
    const listCiphertexts = () =>
      new Set(
        [...readTexts(kv).values()].flatMap((text) => text.match(/sealed:[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+/g) ?? []),
      );
    await publish(compileManifest(buildBasicAuthManifest(), encryptor).rules, kv, signer, NOW, encryptor);
    const previousCiphertexts = listCiphertexts();
    assert.equal(previousCiphertexts.size, 2); // the same users of two hosts are the same text
    await publish(compileManifest(buildBasicAuthManifest("/new"), encryptor).rules, kv, signer, NOW, encryptor);
    assert.deepEqual(listCiphertexts(), previousCiphertexts);
  });

  test("Publishing a secret requires a valid encryption key, and rules without secrets do not", async () => {
    const encryptor = createSecretEncryptor(signingKeys.privateKey, undefined);
    const kv = new MemoryKv();
    await assert.rejects(
      publish(compileManifest(buildBasicAuthManifest(), encryptor).rules, kv, signer, NOW, encryptor),
      (error: Error) => {
        assert.ok(error instanceof UsageError);
        assert.match(error.message, /EDGRESS_ENCRYPTION_KEY is not set/);
        return true;
      },
    );
    assert.deepEqual(kv.writtenKeys, []);
    const plainManifest = buildBasicAuthManifest().replaceAll("basic", '"off"');
    await publish(compileManifest(plainManifest, encryptor).rules, kv, signer, NOW, encryptor);
    const brokenEncryptor = createSecretEncryptor(signingKeys.privateKey, "AAAA");
    await assert.rejects(
      publish(compileManifest(buildBasicAuthManifest(), brokenEncryptor).rules, kv, signer, NOW, brokenEncryptor),
      UsageError,
    );
  });
});

test("The explain command checks a password and prints none", async () => {
  const folder = await mkdtemp(join(tmpdir(), "edgress-sealing-"));
  await writeFile(join(folder, "in.yaml"), buildBasicAuthManifest());
  const options = { ...OPTIONS, permits: undefined, manifests: folder, zones: ZONES, method: "GET" };
  for (const json of [false, true]) {
    const authorizedOptions = { ...options, header: [`Authorization: ${ANN_AUTHORIZATION}`], json };
    const acceptedText = (await runExplain("http://one.example.com/", authorizedOptions, {})).join("\n");
    assert.match(acceptedText, /default\/web:80/);
    assert.match(acceptedText, json ? /"status": "from-origin"/ : /response +from-origin/);
    const rejectedLines = await runExplain("http://broken.example.com/", { ...options, header: [], json }, {});
    assert.match(rejectedLines.join("\n"), /503/);
    assertNoHashes("explain", acceptedText + rejectedLines.join("\n"));
  }
});

test("No fixture contains a password hash", () => {
  const folder = new URL("../fixtures/", import.meta.url);
  for (const name of readdirSync(folder)) {
    const golden = readFileSync(new URL(`${name}/rules.json`, folder), "utf8");
    assert.doesNotMatch(golden, /\$(?:apr1|1|2[aby]|5|6)\$|\{(?:SHA|SSHA|PLAIN)\}/, name);
  }
});

test("The keys command prints a matching key pair", async () => {
  const cli = new URL("../../sync/cli.ts", import.meta.url).pathname;
  const { stdout } = await promisify(execFile)(process.execPath, [cli, "keys"]);
  const keys = Object.fromEntries(stdout.split("\n").map((line) => /^(\w+)=(.*)$/.exec(line)?.slice(1) ?? ["", ""]));
  const encryptor = createSecretEncryptor(keys.EDGRESS_SIGNING_KEY, keys.EDGRESS_ENCRYPTION_KEY);
  const token = JSON.stringify(encryptor.tokenizeSecret("text"));
  const encryptedText = JSON.parse((await encryptor.prepare([withSettings(token)]))(token)) as string;
  assert.equal(await decryptSecret(encryptedText, [keys.EDGRESS_DECRYPTION_KEY ?? ""]), "text");
});
