import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import Cloudflare from "cloudflare";
import { kvOf } from "../sync/cloudflare/kv.ts";
import { readLedger, writeLedger } from "../sync/publish/ledger.ts";
import { generateKeys, signerOf } from "../sync/publish/sign.ts";
import { ask, type Edge, startEdge } from "./support/edge.ts";
import { EXAMPLES, edgress } from "./support/edge-cli.ts";

const keys = generateKeys();
const args = ["publish", "--manifests", join(EXAMPLES, "fanout"), "--watch-ingress-without-class"];
let edge: Edge;
let environment: Record<string, string>;
let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "edgress-publish-"));
  edge = await startEdge({ zones: ["bar.com"], variables: { MANIFEST_PUBLIC_KEY: keys.publicKey } });
  const { account } = edge.stack;
  environment = {
    CLOUDFLARE_BASE_URL: account.baseURL,
    CLOUDFLARE_API_TOKEN: account.token,
    CLOUDFLARE_ACCOUNT_ID: account.accountId,
    EDGRESS_KV_NAMESPACE_ID: account.namespaceId,
    EDGRESS_SIGNING_KEY: keys.privateKey,
  };
  await edge.origin("203.0.113.11:80", (request, response) => response.end(`service 1 ${request.url}`));
});

after(async () => {
  await edge.close();
  await rm(folder, { recursive: true });
});

/** The requests to the account's API since `from` that change something: all but reads, and reads in bulk. */
function writesSince(from: number): string[] {
  const requests = edge.stack.account.requests.slice(from);
  return requests
    .filter(({ method, path }) => method !== "GET" && !path.endsWith("/bulk/get"))
    .map(
      ({ method, path }) =>
        `${method} ${path.replace(/.*\/(?=values|dns_records|bulk)/, "").replace(/[0-9a-f]{64}/, "…")}`,
    );
}

/** What lies in the account's KV namespace, and who signs it. */
function published() {
  const { account } = edge.stack;
  const client = new Cloudflare({ apiToken: account.token, baseURL: account.baseURL });
  return { kv: kvOf(client, account.accountId, account.namespaceId), signer: signerOf(keys.privateKey) };
}

describe("edgress publish", () => {
  test("adds the DNS records, then the rules, and the edge serves them", async () => {
    const from = edge.stack.account.requests.length;
    const { code, stdout, stderr } = await edgress(args, environment);
    assert.match(stdout, /^published generation=1 digest=[0-9a-f]{64} writes=3\n$/);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.deepEqual(writesSince(from), [
      "POST dns_records/batch",
      "PUT values/shard%2F…",
      "PUT values/generation%2F1",
      "PUT values/current",
    ]);
    const { status, body } = await ask(edge, "http://foo.bar.com/foo/a");
    assert.equal(`${status} ${body}`, "200 service 1 /a");
  });

  test("writes nothing when there is nothing new", async () => {
    const from = edge.stack.account.requests.length;
    const { code, stdout } = await edgress(args, environment);
    assert.match(stdout, /^unchanged generation=1 digest=[0-9a-f]{64} writes=0\n$/);
    assert.equal(code, 0);
    assert.deepEqual(writesSince(from), []);
  });

  test("incident: a cluster's namespace is left alone, in one line, until it is told to take it over", async () => {
    const { kv, signer } = published();
    const ledger = { cluster: "6e1b7d1c-4f9b", quarantined: {}, ingresses: [] };
    await writeLedger(kv, signer, await readLedger(kv, signer), ledger);
    const from = edge.stack.account.requests.length;
    const refused = await edgress(args, environment);
    assert.deepEqual(refused, {
      code: 2,
      stdout: "",
      stderr:
        "edgress: this KV namespace belongs to the cluster 6e1b7d1c-4f9b: " +
        "publish to another, or stop that cluster's sync job and take it over with --take-over\n",
    });
    assert.deepEqual(writesSince(from), []);
    const taken = await edgress([...args, "--take-over"], environment);
    assert.match(taken.stdout, /^unchanged generation=1 /);
    assert.deepEqual(writesSince(from), ["PUT values/ledger"]);
    assert.equal((await edgress(args, environment)).code, 0);
  });

  for (const name of [
    "CLOUDFLARE_ACCOUNT_ID",
    "EDGRESS_KV_NAMESPACE_ID",
    "CLOUDFLARE_API_TOKEN",
    "EDGRESS_SIGNING_KEY",
  ]) {
    test(`without ${name} it says so in one line and ends with 2`, async () => {
      const { [name]: _, ...without } = environment;
      const { code, stdout, stderr } = await edgress(args, without);
      assert.match(stderr, new RegExp(`^edgress: the environment variable ${name} is not set: .+\n$`));
      assert.deepEqual([code, stdout], [2, ""]);
    });
  }

  test("a signing key that is none is one line too, which does not show it", async () => {
    const { code, stderr } = await edgress(args, { ...environment, EDGRESS_SIGNING_KEY: "c2VjcmV0" });
    assert.match(stderr, /^edgress: .*EDGRESS_SIGNING_KEY.*\n$/);
    assert.ok(!stderr.includes("c2VjcmV0"));
    assert.equal(code, 2);
  });

  test("a refused object is reported and ends it with 1, and the rest is published", async () => {
    const rule = (host: string, name: string) =>
      `  - { host: ${host}, http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: ${name}, port: { number: 80 } } } }] } }`;
    await writeFile(
      join(folder, "all.yaml"),
      [
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: { name: shop }\nspec:\n  ingressClassName: edgress\n  rules:",
        rule("good.bar.com", "web"),
        rule("bad.bar.com", "missing"),
        rule("inside.bar.com", "inside"),
        "---\napiVersion: v1\nkind: Service\nmetadata: { name: web }\nspec: { externalIPs: [203.0.113.11], ports: [{ port: 80 }] }",
        "---\napiVersion: v1\nkind: Service\nmetadata: { name: inside }\nspec: { externalIPs: [127.0.0.1], ports: [{ port: 80 }] }",
      ].join("\n"),
    );
    const { code, stdout } = await edgress(["publish", "--manifests", folder], environment);
    assert.match(
      stdout,
      /^error Ingress default\/shop spec\.rules\[1\].*there is no Service default\/missing.*BackendNotFound/m,
    );
    assert.match(
      stdout,
      /^error Service default\/inside spec\.externalIPs: 127\.0\.0\.1 may not be an origin: .*OriginRefused/m,
    );
    // That of the second Service of the examples, which were published before.
    assert.match(stdout, /^note DNS record edgress-[0-9a-f]{24}\.bar\.com: no rule needs it any more; remove it /m);
    assert.match(stdout, /^published generation=2 /m);
    assert.equal(code, 1);
  });

  test("a file of permits says which hosts a namespace may claim", async () => {
    const policy = join(folder, "policy.txt");
    await writeFile(policy, "claims: [{ namespaces: [default], hosts: [other.example.com], paths: [/] }]");
    const { code, stdout } = await edgress([...args, "--policy", policy], environment);
    assert.match(
      stdout,
      /^error Ingress default\/my-ingress spec\.rules\[0\]\.host: namespace default may not claim host foo\.bar\.com; .*\(ClaimRefused,/m,
    );
    assert.equal(code, 1);
  });

  test("permits that cannot be read are one line and end it with 2, and nothing is published", async () => {
    const policy = join(folder, "policy.txt");
    await writeFile(policy, "claims: [{ namespaces: [default], hosts: [not a host], paths: [/] }]");
    const from = edge.stack.account.requests.length;
    const { code, stdout, stderr } = await edgress([...args, "--policy", policy], environment);
    assert.match(
      stderr,
      /^edgress: the permits cannot be read: .*policy\.txt: claims\[0\]\.hosts\[0\]: expected a host .*\n$/,
    );
    assert.deepEqual([code, stdout], [2, ""]);
    assert.deepEqual(writesSince(from), []);
  });

  test("what a newer version has published is left alone, in one line, until it is told to take it over", async () => {
    const { kv, signer } = published();
    const before = (await kv.get("current")) ?? "";
    const { format, ...rest } = JSON.parse(signer.open(before) ?? "{}") as { format: number };
    assert.equal(format, 1);
    await kv.put([{ key: "current", value: signer.seal(JSON.stringify({ ...rest, format: 2 })) }]);
    const from = edge.stack.account.requests.length;
    const { code, stdout, stderr } = await edgress(args, environment);
    assert.match(stderr, /^edgress: what is published is of a newer version: .*--take-over\n$/);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.deepEqual(writesSince(from), []);
    assert.equal((await edgress([...args, "--take-over"], environment)).code, 0);
    assert.equal((await edgress(args, environment)).code, 0);
  });

  test("nothing is published while a file does not parse", async () => {
    await writeFile(join(folder, "bad.yaml"), 'kind: "Ingress\n');
    const from = edge.stack.account.requests.length;
    const { code, stdout } = await edgress(["publish", "--manifests", folder], environment);
    assert.match(stdout, /^error bad\.yaml:\d+: .*\nnothing was published: every file must parse\n$/);
    assert.equal(code, 1);
    assert.equal(edge.stack.account.requests.length, from);
  });
});

test("edgress keys makes a pair that the sync job signs and the Worker verifies with", async () => {
  const { code, stdout } = await edgress(["keys"]);
  assert.equal(code, 0);
  const [, privateKey = "", publicKey = ""] =
    /^EDGRESS_SIGNING_KEY=(\S+)\nMANIFEST_PUBLIC_KEY=(\S+)\nEDGRESS_SEALING_PUBLIC_KEY=\S+\nEDGRESS_SEALING_KEY=\S+\n$/.exec(
      stdout,
    ) ?? [];
  assert.equal(Buffer.from(publicKey, "base64").length, 32);
  const other = await startEdge({ zones: ["bar.com"], variables: { MANIFEST_PUBLIC_KEY: publicKey } });
  const { account } = other.stack;
  const published = await edgress(args, {
    ...environment,
    CLOUDFLARE_BASE_URL: account.baseURL,
    EDGRESS_SIGNING_KEY: privateKey,
  });
  assert.equal(published.code, 0);
  const { status } = await ask(other, "http://foo.bar.com/.well-known/edgress/health");
  await other.close();
  assert.equal(status, 200);
});
