import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { decryptSecret } from "../../src/runtime/decrypt-secret.ts";
import type { Cluster } from "../../sync/collect/cluster-model.ts";
import { parseManifest } from "../../sync/collect/manifests.ts";
import { parseCluster } from "../../sync/collect/parse-objects.ts";
import { runExplain } from "../../sync/commands/explain.ts";
import { compile } from "../../sync/compile/compile.ts";
import { formatDiagnostic } from "../../sync/compile/diagnostics.ts";
import { createSecretEncryptor, generateEncryptionKeys } from "../../sync/publish/encrypt-secrets.ts";
import { publish } from "../../sync/publish/publish.ts";
import { createSigner, generateSigningKeys } from "../../sync/publish/sign-manifest.ts";
import { UsageError } from "../../sync/runtime/usage-error.ts";
import { OPTIONS, ZONES } from "../support/fixture.ts";
import { MemoryKv } from "../support/memory-kv.ts";
import { observeOutcome } from "../support/worker/observed-outcome.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

const signingKeys = generateSigningKeys();
const encryptionKeys = generateEncryptionKeys();
const NOW = new Date("2026-03-01T12:00:00Z");
const HASHES = [
  "$apr1$saltsalt$64vPg1.FPS6FtcYJ7Ti1V.",
  "{PLAIN}correct-horse",
  "$2y$05$holdoutholdoutholdoutuoBZXgK2LNHecmWKMAdwfQ4",
];
const ANN_AUTHORIZATION = `Basic ${btoa("ann:s3cret")}`;

/** Hosts that ask for the same users, and one that asks for others, in another form; one is broken. */
function buildManifest(path = "/", users = HASHES[0]): string {
  const ingress = (name: string, secret: string, type: string) => `---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: ${name}
  annotations:
    nginx.ingress.kubernetes.io/auth-type: basic
    nginx.ingress.kubernetes.io/auth-secret: ${secret}
    nginx.ingress.kubernetes.io/auth-secret-type: ${type}
spec:
  rules:
    - host: ${name}.example.com
      http: { paths: [{ path: ${path}, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }] }
`;
  return `apiVersion: v1
kind: Service
metadata: { name: web }
spec: { externalIPs: [203.0.113.10], ports: [{ port: 80 }] }
---
apiVersion: v1
kind: Secret
metadata: { name: users }
stringData: { auth: "ann:${users}" }
---
apiVersion: v1
kind: Secret
metadata: { name: by-key }
stringData: { eve: "${HASHES[1]}", bob: "${HASHES[2]}" }
${ingress("one", "users", "auth-file")}${ingress("two", "users", "auth-file")}${ingress("three", "by-key", "auth-map")}${ingress("broken", "by-key", "auth-file")}`;
}

function parseClusterYaml(text: string): Cluster {
  const parsed = parseManifest(text, "in.yaml");
  return parseCluster("objects" in parsed ? parsed.objects : assert.fail());
}

function assertNoSecrets(what: string, text: string): void {
  for (const hash of [...HASHES, "correct-horse", "64vPg1", "holdoutholdout"]) {
    for (const spelling of [hash, btoa(hash), encodeURIComponent(hash)]) assert.ok(!text.includes(spelling), what);
  }
}

describe("sealing", () => {
  const encryptor = createSecretEncryptor(signingKeys.privateKey, encryptionKeys.publicKey);

  test("gives the same text the same token, which says nothing of it without the key", () => {
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

  test("gives other tokens for another Worker's key, so that all is published anew", () => {
    assert.notEqual(
      encryptor.tokenizeSecret("a"),
      createSecretEncryptor(signingKeys.privateKey, generateEncryptionKeys().publicKey).tokenizeSecret("a"),
    );
  });

  test("is undone with the other half of the key only", async () => {
    const token = JSON.stringify([encryptor.tokenizeSecret("ann:ü\n")]);
    const [encryptedText] = JSON.parse((await encryptor.prepare([{ text: token }]))(token)) as [string];
    await assert.rejects(decryptSecret(encryptedText, generateEncryptionKeys().privateKey));
    await assert.rejects(decryptSecret(encryptedText, undefined), /EDGRESS_DECRYPTION_KEY is not set/);
    await assert.rejects(decryptSecret(encryptedText.replace(/.{8}$/, "AAAAAAA="), encryptionKeys.privateKey));
    await assert.rejects(decryptSecret("ann:hash", encryptionKeys.privateKey), /not an encrypted secret/);
    assert.equal(await decryptSecret(encryptedText, encryptionKeys.privateKey), "ann:ü\n");
  });

  test("looks through a text once, as long as it is the same object", async () => {
    let looks = 0;
    const createHolder = (text: string) => ({
      get text() {
        looks++;
        return text;
      },
    });
    const [plainHolder, secretHolder] = [
      createHolder('"a"'),
      createHolder(JSON.stringify(encryptor.tokenizeSecret("ann:hash"))),
    ];
    const encryptTokens = await encryptor.prepare([plainHolder, secretHolder]);
    assert.equal(await encryptor.prepare([secretHolder, plainHolder]), encryptTokens);
    assert.equal(looks, 2);
  });

  test("leaves alone what is no token of its own", async () => {
    const otherText = JSON.stringify(["sealed:", `sealed:${"0".repeat(64)}`, "x sealed:"]);
    assert.equal((await encryptor.prepare([{ text: otherText }]))(otherText), otherText);
  });
});

describe("publishing", () => {
  const signer = createSigner(signingKeys.privateKey);
  const compileManifest = (
    text: string,
    encryptor = createSecretEncryptor(signingKeys.privateKey, encryptionKeys.publicKey),
  ) => ({
    ...compile(parseClusterYaml(text), { ...OPTIONS, zones: ZONES, tokenizeSecret: encryptor.tokenizeSecret }),
    encryptor,
  });

  test("shows no Secret in KV, in rules or in diagnostics", async () => {
    const kv = new MemoryKv();
    const { rules, diagnostics, encryptor } = compileManifest(buildManifest());
    await publish(rules, kv, signer, NOW, encryptor);
    assertNoSecrets("rules", JSON.stringify(rules));
    assertNoSecrets("diagnostics", diagnostics.map(formatDiagnostic).join());
    for (const [key, value] of kv.values) assertNoSecrets(key, key + value);
    assert.ok(diagnostics.some(({ object }) => object === "Ingress default/broken"));
    assert.ok([...kv.values.values()].some((value) => /"sealed:[^"]+:[^"]+"/.test(value)));
  });

  test("writes nothing where nothing changed, though each process encrypts otherwise", async () => {
    const kv = new MemoryKv();
    const firstCompilation = compileManifest(buildManifest());
    await publish(firstCompilation.rules, kv, signer, NOW, firstCompilation.encryptor);
    const writeCount = kv.writtenKeys.length;
    const secondCompilation = compileManifest(buildManifest());
    assert.equal(
      (await publish(secondCompilation.rules, kv, signer, NOW, secondCompilation.encryptor)).hasChanged,
      false,
    );
    assert.equal(kv.writtenKeys.length, writeCount);
  });

  test("encrypts a Secret once while the process lives", async () => {
    const kv = new MemoryKv();
    const encryptor = createSecretEncryptor(signingKeys.privateKey, encryptionKeys.publicKey);
    const listCiphertexts = () =>
      new Set([...kv.values.values()].flatMap((value) => value.match(/sealed:[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+/g) ?? []));
    await publish(compileManifest(buildManifest(), encryptor).rules, kv, signer, NOW, encryptor);
    const previousCiphertexts = listCiphertexts();
    assert.equal(previousCiphertexts.size, 2); // the same users of two hosts are the same text
    await publish(compileManifest(buildManifest("/new"), encryptor).rules, kv, signer, NOW, encryptor);
    assert.deepEqual(listCiphertexts(), previousCiphertexts);
  });

  test("of a Secret needs a key, and says so; without one to seal it does not", async () => {
    const encryptor = createSecretEncryptor(signingKeys.privateKey, undefined);
    const kv = new MemoryKv();
    await assert.rejects(
      publish(compileManifest(buildManifest(), encryptor).rules, kv, signer, NOW, encryptor),
      (error: Error) => {
        assert.ok(error instanceof UsageError);
        assert.match(error.message, /EDGRESS_ENCRYPTION_KEY is not set/);
        return true;
      },
    );
    assert.deepEqual(kv.writtenKeys, []);
    const plainManifest = buildManifest().replaceAll("basic", '"off"');
    await publish(compileManifest(plainManifest, encryptor).rules, kv, signer, NOW, encryptor);
    const brokenEncryptor = createSecretEncryptor(signingKeys.privateKey, "AAAA");
    await assert.rejects(
      publish(compileManifest(buildManifest(), brokenEncryptor).rules, kv, signer, NOW, brokenEncryptor),
      UsageError,
    );
  });
});

describe("at the edge", () => {
  let edge: WorkerHarness;
  before(async () => {
    edge = await startWorkerHarness({ zones: ZONES, echoOrigins: true });
  });
  after(() => edge.close());

  const requestHost = async (host: string, authorization?: string) => {
    const headers = authorization === undefined ? [] : [["Authorization", authorization] as const];
    return (await observeOutcome(edge, { method: "GET", url: `http://${host}.example.com/`, headers })).destination;
  };

  test("a Secret is opened, and one that changed counts", async () => {
    await edge.publishCluster(parseClusterYaml(buildManifest()));
    assert.deepEqual(await requestHost("one", ANN_AUTHORIZATION), { backend: "default/web:80" });
    assert.deepEqual(await requestHost("three", `Basic ${btoa("eve:correct-horse")}`), { backend: "default/web:80" });
    assert.deepEqual(await requestHost("two"), { status: 401 });
    await edge.publishCluster(parseClusterYaml(buildManifest("/", "{PLAIN}correct-horse")));
    assert.deepEqual(await requestHost("one", ANN_AUTHORIZATION), { status: 401 }); // though it was remembered as right
    assert.deepEqual(await requestHost("one", `Basic ${btoa("ann:correct-horse")}`), { backend: "default/web:80" });
  });

  test("one that was sealed for another Worker closes its route, and the access line says why", async () => {
    const { kv, dns, signer } = edge.account;
    const encryptor = createSecretEncryptor(signingKeys.privateKey, generateEncryptionKeys().publicKey);
    const { publishToAccount } = await import("../support/published.ts");
    const { waitForGeneration } = await import("../../sync/local/wait-for-generation.ts");
    const result = await publishToAccount(
      parseClusterYaml(buildManifest()),
      OPTIONS,
      { kv, dns, signer, encryptor },
      NOW,
    );
    await waitForGeneration(edge.stack.http, result.publishResult.generation);
    assert.deepEqual(await requestHost("one", ANN_AUTHORIZATION), { status: 503 });
    const line = JSON.parse(edge.lines.at(-1) ?? "{}") as { outcome: string; reason: string };
    assert.equal(line.outcome, "failed-closed");
    assert.match(line.reason, /cannot be decrypted/);
  });

  test("no line says anything of a Secret, or of a password", () => {
    assert.ok(edge.lines.length > 0);
    assertNoSecrets("log", edge.lines.join());
    assert.ok(!edge.lines.join().includes("s3cret"));
    assert.ok(!edge.lines.join().includes(ANN_AUTHORIZATION));
  });
});

test("explain checks a password and shows none", async () => {
  const folder = await mkdtemp(join(tmpdir(), "edgress-sealing-"));
  await writeFile(join(folder, "in.yaml"), buildManifest());
  const options = { ...OPTIONS, manifests: folder, zones: ZONES, method: "GET" };
  for (const json of [false, true]) {
    const authorizedOptions = { ...options, header: [`Authorization: ${ANN_AUTHORIZATION}`], json };
    const acceptedText = (await runExplain("http://one.example.com/", authorizedOptions)).join("\n");
    assert.match(acceptedText, /default\/web:80/);
    assert.match(acceptedText, json ? /"status": "from-origin"/ : /response +from-origin/);
    const rejectedText = (await runExplain("http://broken.example.com/", { ...options, header: [], json })).join("\n");
    assert.match(rejectedText, /503/);
    assertNoSecrets("explain", acceptedText + rejectedText);
  }
});

test("no golden shows a hash", () => {
  const folder = new URL("../fixtures/", import.meta.url);
  for (const name of readdirSync(folder)) {
    const golden = readFileSync(new URL(`${name}/rules.json`, folder), "utf8");
    assert.doesNotMatch(golden, /\$(?:apr1|1|2[aby]|5|6)\$|\{(?:SHA|SSHA|PLAIN)\}/, name);
  }
});

test("the command prints a pair that fits", async () => {
  const cli = new URL("../../sync/cli.ts", import.meta.url).pathname;
  const { stdout } = await promisify(execFile)(process.execPath, [cli, "keys"]);
  const keys = Object.fromEntries(stdout.split("\n").map((line) => /^(\w+)=(.*)$/.exec(line)?.slice(1) ?? ["", ""]));
  const encryptor = createSecretEncryptor(keys.EDGRESS_SIGNING_KEY, keys.EDGRESS_ENCRYPTION_KEY);
  const token = JSON.stringify(encryptor.tokenizeSecret("text"));
  const encryptedText = JSON.parse((await encryptor.prepare([{ text: token }]))(token)) as string;
  assert.equal(await decryptSecret(encryptedText, keys.EDGRESS_DECRYPTION_KEY), "text");
});
