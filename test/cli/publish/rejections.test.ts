import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { FORMAT } from "../../../src/rules/snapshot.ts";
import { runEdgress } from "../../support/cli/edge-cli.ts";
import { args, startPublishAccount } from "../../support/cli/publish-command.ts";

const { edge, environment, folder, listWritesSince, openPublishedKv } = await startPublishAccount();

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
    assert.equal(format, FORMAT);
    await kv.put([{ key: "current", value: signer.sign(JSON.stringify({ ...rest, format: FORMAT + 1 })) }]);
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
