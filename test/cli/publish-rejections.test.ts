import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import Cloudflare from "cloudflare";
import { createKv } from "../../sync/cloudflare/kv.ts";
import { createSigner } from "../../sync/publish/sign-manifest.ts";
import { runEdgress } from "../support/cli/edge-cli.ts";
import { args, keys } from "../support/cli/publish-command.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

let edge: WorkerHarness;
let environment: Record<string, string>;
let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "edgress-publish-"));
  edge = await startWorkerHarness({ zones: ["bar.com"], variables: { EDGRESS_VERIFYING_KEY: keys.publicKey } });
  const { account } = edge.stack;
  environment = {
    CLOUDFLARE_BASE_URL: account.baseURL,
    CLOUDFLARE_API_TOKEN: account.token,
    CLOUDFLARE_ACCOUNT_ID: account.accountId,
    EDGRESS_KV_NAMESPACE_ID: account.namespaceId,
    EDGRESS_SIGNING_KEY: keys.privateKey,
  };
  await edge.startOrigin("203.0.113.11:80", (request, response) => response.end(`service 1 ${request.url}`));
});

after(async () => {
  await edge.close();
  await rm(folder, { recursive: true });
});

/** The requests to the account's API since `from` that change something: all but reads, and reads in bulk. */
function listWritesSince(from: number): string[] {
  const requests = edge.stack.account.requests.slice(from);
  return requests
    .filter(({ method, path }) => method !== "GET" && !path.endsWith("/bulk/get"))
    .map(
      ({ method, path }) =>
        `${method} ${path.replace(/.*\/(?=values|dns_records|bulk)/, "").replace(/[0-9a-f]{64}/, "…")}`,
    );
}

/** What lies in the account's KV namespace, and who signs it. */
function openPublishedKv() {
  const { account } = edge.stack;
  const client = new Cloudflare({ apiToken: account.token, baseURL: account.baseURL });
  return { kv: createKv(client, account.accountId, account.namespaceId), signer: createSigner(keys.privateKey) };
}

describe("edgress publish with permits, other owners and invalid files", () => {
  test("edgress publish drops claims that the permits file does not permit", async () => {
    const permitsFile = join(folder, "permits.txt");
    await writeFile(permitsFile, "claims: [{ namespaces: [default], hosts: [other.example.com], paths: [/] }]");
    const { code, stdout } = await runEdgress([...args, "--permits", permitsFile], environment);
    assert.match(
      stdout,
      /^error Ingress default\/my-ingress spec\.rules\[0\]\.host: host not permitted for namespace default: host foo\.bar\.com; .*\(ClaimNotPermitted,/m,
    );
    assert.equal(code, 1);
  });

  test("edgress publish reports unreadable permits in one line, exits with 2 and publishes nothing", async () => {
    const permitsFile = join(folder, "permits.txt");
    await writeFile(permitsFile, "claims: [{ namespaces: [default], hosts: [not a host], paths: [/] }]");
    const from = edge.stack.account.requests.length;
    const { code, stdout, stderr } = await runEdgress([...args, "--permits", permitsFile], environment);
    assert.match(
      stderr,
      /^edgress: permits are invalid: .*permits\.txt: claims\[0\]\.hosts\[0\]: host is invalid: .*\n$/,
    );
    assert.deepEqual([code, stdout], [2, ""]);
    assert.deepEqual(listWritesSince(from), []);
  });

  test("edgress publish overwrites the snapshot of a newer version only with --take-ownership", async () => {
    const { kv, signer } = openPublishedKv();
    const before = (await kv.get("current")) ?? "";
    const { format, ...rest } = JSON.parse(signer.verify(before) ?? "{}") as { format: number };
    assert.equal(format, 1);
    await kv.put([{ key: "current", value: signer.sign(JSON.stringify({ ...rest, format: 2 })) }]);
    const from = edge.stack.account.requests.length;
    const { code, stdout, stderr } = await runEdgress(args, environment);
    assert.match(stderr, /^edgress: the published snapshot is of a newer version: .*--take-ownership\n$/);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.deepEqual(listWritesSince(from), []);
    assert.equal((await runEdgress([...args, "--take-ownership"], environment)).code, 0);
    assert.equal((await runEdgress(args, environment)).code, 0);
  });

  test("edgress publish publishes nothing if a file is invalid", async () => {
    await writeFile(join(folder, "bad.yaml"), 'kind: "Ingress\n');
    const from = edge.stack.account.requests.length;
    const { code, stdout } = await runEdgress(["publish", "--manifests", folder], environment);
    assert.match(stdout, /^error bad\.yaml:\d+: .*\nnothing was published: every file must parse\n$/);
    assert.equal(code, 1);
    assert.equal(edge.stack.account.requests.length, from);
  });
});
