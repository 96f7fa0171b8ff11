import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { openSealed } from "../src/sealed.ts";
import type { Cluster } from "../sync/collect/cluster.ts";
import { parseManifest } from "../sync/collect/manifests.ts";
import { clusterOf } from "../sync/collect/objects.ts";
import { compile } from "../sync/compile/compile.ts";
import { lineOf } from "../sync/compile/diagnostic.ts";
import { explainCommand } from "../sync/explain/command.ts";
import { publish } from "../sync/publish/publish.ts";
import { generateSealingKeys, sealerOf } from "../sync/publish/seal.ts";
import { generateKeys, signerOf } from "../sync/publish/sign.ts";
import { UsageError } from "../sync/usage-error.ts";
import { OPTIONS, ZONES } from "./support/fixture.ts";
import { type Edge, startEdge } from "./support/fixture-edge.ts";
import { MemoryKv } from "./support/memory-kv.ts";

const signing = generateKeys();
const sealing = generateSealingKeys();
const NOW = new Date("2026-03-01T12:00:00Z");
const HASHES = [
  "$apr1$saltsalt$64vPg1.FPS6FtcYJ7Ti1V.",
  "{PLAIN}correct-horse",
  "$2y$05$holdoutholdoutholdoutuoBZXgK2LNHecmWKMAdwfQ4",
];
const ANN = `Basic ${btoa("ann:s3cret")}`;

/** Hosts that ask for the same users, and one that asks for others, in another form; one is broken. */
function manifest(path = "/", users = HASHES[0]): string {
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

function clusterIn(text: string): Cluster {
  const parsed = parseManifest(text, "in.yaml");
  return clusterOf("found" in parsed ? parsed.found : assert.fail());
}

function assertSilent(what: string, text: string): void {
  for (const hash of [...HASHES, "correct-horse", "64vPg1", "holdoutholdout"]) {
    for (const spelled of [hash, btoa(hash), encodeURIComponent(hash)]) assert.ok(!text.includes(spelled), what);
  }
}

describe("sealing", () => {
  const seal = sealerOf(signing.privateKey, sealing.publicKey);

  test("gives the same text the same token, which says nothing of it without the key", () => {
    assert.equal(seal.seal("a"), sealerOf(signing.privateKey, sealing.publicKey).seal("a"));
    assert.notEqual(seal.seal("a"), seal.seal("b"));
    assert.notEqual(seal.seal("a"), sealerOf(generateKeys().privateKey, sealing.publicKey).seal("a"));
  });

  test("gives other tokens for another Worker's key, so that all is published anew", () => {
    assert.notEqual(seal.seal("a"), sealerOf(signing.privateKey, generateSealingKeys().publicKey).seal("a"));
  });

  test("is undone with the other half of the key only", async () => {
    const token = JSON.stringify([seal.seal("ann:ü\n")]);
    const [sealed] = JSON.parse((await seal.prepare([{ text: token }]))(token)) as [string];
    await assert.rejects(openSealed(sealed, generateSealingKeys().privateKey));
    await assert.rejects(openSealed(sealed, undefined), /EDGRESS_SEALING_KEY is not set/);
    await assert.rejects(openSealed(sealed.replace(/.{8}$/, "AAAAAAA="), sealing.privateKey));
    await assert.rejects(openSealed("ann:hash", sealing.privateKey), /not sealed/);
    assert.equal(await openSealed(sealed, sealing.privateKey), "ann:ü\n");
  });

  test("looks through a text once, as long as it is the same object", async () => {
    let looks = 0;
    const holder = (text: string) => ({
      get text() {
        looks++;
        return text;
      },
    });
    const [plain, secret] = [holder('"a"'), holder(JSON.stringify(seal.seal("ann:hash")))];
    const first = await seal.prepare([plain, secret]);
    assert.equal(await seal.prepare([secret, plain]), first);
    assert.equal(looks, 2);
  });

  test("leaves alone what is no token of its own", async () => {
    const other = JSON.stringify(["sealed:", `sealed:${"0".repeat(64)}`, "x sealed:"]);
    assert.equal((await seal.prepare([{ text: other }]))(other), other);
  });
});

describe("publishing", () => {
  const signer = signerOf(signing.privateKey);
  const compiled = (text: string, sealer = sealerOf(signing.privateKey, sealing.publicKey)) => ({
    ...compile(clusterIn(text), { ...OPTIONS, zones: ZONES, seal: sealer.seal }),
    sealer,
  });

  test("shows no Secret in KV, in rules or in diagnostics", async () => {
    const kv = new MemoryKv();
    const { rules, diagnostics, sealer } = compiled(manifest());
    await publish(rules, kv, signer, NOW, sealer);
    assertSilent("rules", JSON.stringify(rules));
    assertSilent("diagnostics", diagnostics.map(lineOf).join());
    for (const [key, value] of kv.values) assertSilent(key, key + value);
    assert.ok(diagnostics.some(({ object }) => object === "Ingress default/broken"));
    assert.ok([...kv.values.values()].some((value) => /"sealed:[^"]+:[^"]+"/.test(value)));
  });

  test("writes nothing where nothing changed, though each process encrypts otherwise", async () => {
    const kv = new MemoryKv();
    const first = compiled(manifest());
    await publish(first.rules, kv, signer, NOW, first.sealer);
    const written = kv.written.length;
    const second = compiled(manifest());
    assert.equal((await publish(second.rules, kv, signer, NOW, second.sealer)).changed, false);
    assert.equal(kv.written.length, written);
  });

  test("encrypts a Secret once while the process lives", async () => {
    const kv = new MemoryKv();
    const sealer = sealerOf(signing.privateKey, sealing.publicKey);
    const ciphertexts = () =>
      new Set([...kv.values.values()].flatMap((value) => value.match(/sealed:[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+/g) ?? []));
    await publish(compiled(manifest(), sealer).rules, kv, signer, NOW, sealer);
    const before = ciphertexts();
    assert.equal(before.size, 2); // the same users of two hosts are the same text
    await publish(compiled(manifest("/new"), sealer).rules, kv, signer, NOW, sealer);
    assert.deepEqual(ciphertexts(), before);
  });

  test("of a Secret needs a key, and says so; without one to seal it does not", async () => {
    const sealer = sealerOf(signing.privateKey, undefined);
    const kv = new MemoryKv();
    await assert.rejects(publish(compiled(manifest(), sealer).rules, kv, signer, NOW, sealer), (error: Error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, /EDGRESS_SEALING_PUBLIC_KEY is not set/);
      return true;
    });
    assert.deepEqual(kv.written, []);
    const plain = manifest().replaceAll("basic", '"off"');
    await publish(compiled(plain, sealer).rules, kv, signer, NOW, sealer);
    const broken = sealerOf(signing.privateKey, "AAAA");
    await assert.rejects(publish(compiled(manifest(), broken).rules, kv, signer, NOW, broken), UsageError);
  });
});

describe("at the edge", () => {
  let edge: Edge;
  const lines: string[] = [];
  before(async () => {
    edge = await startEdge(ZONES, (line) => lines.push(line));
  });
  after(() => edge.close());

  const ask = async (host: string, authorization?: string) => {
    const headers = authorization === undefined ? [] : [["Authorization", authorization] as const];
    return (await edge.ask({ method: "GET", url: `http://${host}.example.com/`, headers })).end;
  };

  test("a Secret is opened, and one that changed counts", async () => {
    await edge.serve(clusterIn(manifest()));
    assert.deepEqual(await ask("one", ANN), { backend: "default/web:80" });
    assert.deepEqual(await ask("three", `Basic ${btoa("eve:correct-horse")}`), { backend: "default/web:80" });
    assert.deepEqual(await ask("two"), { status: 401 });
    await edge.serve(clusterIn(manifest("/", "{PLAIN}correct-horse")));
    assert.deepEqual(await ask("one", ANN), { status: 401 }); // though it was remembered as right
    assert.deepEqual(await ask("one", `Basic ${btoa("ann:correct-horse")}`), { backend: "default/web:80" });
  });

  test("one that was sealed for another Worker closes its route, and the access line says why", async () => {
    const { kv, dns, signer } = edge.account;
    const sealer = sealerOf(signing.privateKey, generateSealingKeys().publicKey);
    const { round } = await import("../sync/round.ts");
    const { untilInForce } = await import("../sync/dev/in-force.ts");
    const done = await round(clusterIn(manifest()), OPTIONS, { kv, dns, signer, sealer }, NOW);
    await untilInForce(edge.stack.http, done.published.generation);
    assert.deepEqual(await ask("one", ANN), { status: 503 });
    const line = JSON.parse(lines.at(-1) ?? "{}") as { outcome: string; because: string };
    assert.equal(line.outcome, "closed");
    assert.match(line.because, /cannot be opened/);
  });

  test("no line says anything of a Secret, or of a password", () => {
    assert.ok(lines.length > 0);
    assertSilent("log", lines.join());
    assert.ok(!lines.join().includes("s3cret"));
    assert.ok(!lines.join().includes(ANN));
  });
});

test("explain checks a password and shows none", async () => {
  const folder = await mkdtemp(join(tmpdir(), "edgress-sealing-"));
  await writeFile(join(folder, "in.yaml"), manifest());
  const options = { ...OPTIONS, manifests: folder, zones: ZONES, method: "GET" };
  for (const json of [false, true]) {
    const right = { ...options, header: [`Authorization: ${ANN}`], json };
    const told = (await explainCommand("http://one.example.com/", right)).join("\n");
    assert.match(told, /default\/web:80/);
    assert.match(told, json ? /"status": "the origin's"/ : /answer +the origin's/);
    const wrong = (await explainCommand("http://broken.example.com/", { ...options, header: [], json })).join("\n");
    assert.match(wrong, /503/);
    assertSilent("explain", told + wrong);
  }
});

test("no golden shows a hash", () => {
  const folder = new URL("fixtures/", import.meta.url);
  for (const name of readdirSync(folder)) {
    const golden = readFileSync(new URL(`${name}/rules.json`, folder), "utf8");
    assert.doesNotMatch(golden, /\$(?:apr1|1|2[aby]|5|6)\$|\{(?:SHA|SSHA|PLAIN)\}/, name);
  }
});

test("the command prints a pair that fits", async () => {
  const cli = new URL("../sync/cli.ts", import.meta.url).pathname;
  const { stdout } = await promisify(execFile)(process.execPath, [cli, "keys"]);
  const keys = Object.fromEntries(stdout.split("\n").map((line) => /^(\w+)=(.*)$/.exec(line)?.slice(1) ?? ["", ""]));
  const sealer = sealerOf(keys.EDGRESS_SIGNING_KEY, keys.EDGRESS_SEALING_PUBLIC_KEY);
  const token = JSON.stringify(sealer.seal("text"));
  const sealed = JSON.parse((await sealer.prepare([{ text: token }]))(token)) as string;
  assert.equal(await openSealed(sealed, keys.EDGRESS_SEALING_KEY), "text");
});
