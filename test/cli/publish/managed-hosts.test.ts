import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { buildUpload, callAccount } from "../../support/account/call-account.ts";
import { startPublishFolder } from "../../support/cli/publish-folder.ts";
import { INGRESS_CLASS } from "../../support/controller/controller-harness.ts";
import { buildIngressManifest, buildServiceManifest } from "../../support/manifests.ts";

const { account, kv, write, publish } = await startPublishFolder();
const WEB = buildServiceManifest("web", ["203.0.113.10"]);

async function publishHosts(hosts: readonly string[], ...args: readonly string[]) {
  const ingresses = hosts.map((host, index) => buildIngressManifest(`host-${index}`, host, { "/": "web" }));
  await write(INGRESS_CLASS, WEB, ...ingresses);
  return publish(["--manage-hosts", "--allow-mass-deletion", ...args]);
}

/** Returns the records of hosts, and the routes. */
function listObjects(): string[] {
  const records = account.records("example.com").filter(({ name }) => !name.startsWith("edgress-"));
  return [
    ...records.map(({ name, type, content, comment = "" }) => `${name} ${type} ${content} ${comment}`),
    ...account.routes.list("example.com").map(({ pattern, script }) => `${pattern} -> ${script}`),
  ].toSorted();
}

async function addForeignRecord(type: string, name: string, content: string, proxied: boolean): Promise<void> {
  const posts = [{ type, name, content, proxied, ttl: 1 }];
  const { codes } = await callAccount(account, `POST /zones/${account.zoneIds[0]}/dns_records/batch`, { posts });
  assert.deepEqual(codes, []);
}

before(async () => {
  for (const name of ["edgress", "other"])
    await callAccount(
      account,
      `PUT /workers/scripts/${name}`,
      buildUpload('export default { fetch: () => new Response("") };'),
    );
});

describe("edgress publish --manage-hosts", () => {
  const mark = `edgress edgress/host ${account.namespaceId.slice(0, 8)}`;
  const shop = [`shop.example.com AAAA 100:: ${mark}`, "shop.example.com/* -> edgress"];

  test("A dry run prints the record and route of a host, and writes nothing", async () => {
    const { code, stdout } = await publishHosts(["shop.example.com"], "--dry-run");
    assert.equal(code, 2, stdout);
    assert.match(stdout, /^\+ DNS record shop\.example\.com AAAA 100::$/m);
    assert.match(stdout, /^\+ Workers route shop\.example\.com\/\*$/m);
    assert.deepEqual(listObjects(), []);
  });

  test("A host gets a proxied record without origin, and a route", async () => {
    const { code, stdout } = await publishHosts(["shop.example.com"]);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /^\+ Workers route shop\.example\.com\/\*$/m);
    assert.deepEqual(listObjects(), shop);
    assert.ok(account.records("example.com").every(({ proxied }) => proxied));
  });

  test("A run without changes writes nothing and lists no change", async () => {
    const writes = kv.writtenKeys.length;
    const { stdout } = await publishHosts(["shop.example.com"]);
    assert.doesNotMatch(stdout, /^[+~-] /m);
    assert.equal(kv.writtenKeys.length, writes);
  });

  test("A removed host keeps both for the grace, and a later run removes them", async () => {
    await publishHosts(["other.example.com"]);
    assert.deepEqual(
      listObjects().filter((line) => line.startsWith("shop.")),
      shop,
    );
    const { stdout } = await publishHosts(["other.example.com"], "--host-grace", "0");
    assert.match(stdout, /^- DNS record shop\.example\.com AAAA 100::$/m);
    assert.match(stdout, /^- Workers route shop\.example\.com\/\*$/m);
    assert.deepEqual(
      listObjects().filter((line) => line.startsWith("shop.")),
      [],
    );
  });

  test("Records and routes of others stay the same, and each host has a diagnostic", async () => {
    await addForeignRecord("A", "proxied.example.com", "203.0.113.20", true);
    await addForeignRecord("A", "direct.example.com", "203.0.113.21", false);
    await callAccount(account, `POST /zones/${account.zoneIds[0]}/workers/routes`, {
      pattern: "taken.example.com/*",
      script: "other",
    });
    const foreign = listObjects();
    const hosts = ["other", "proxied", "direct", "taken"].map((name) => `${name}.example.com`);
    const { stdout } = await publishHosts(hosts);
    assert.match(
      stdout,
      /^warning Ingress default\/host-1 spec\.rules\[0\]\.host: proxied\.example\.com is served, but .*\(ForeignHostRecord,/m,
    );
    assert.match(
      stdout,
      /^warning Ingress default\/host-2 .*: direct\.example\.com is not served: .*\(ForeignHostRecord,/m,
    );
    assert.match(
      stdout,
      /^warning Ingress default\/host-3 .*: taken\.example\.com is not served: the route .* runs the Worker other; .*\(ForeignHostRoute,/m,
    );
    assert.deepEqual(listObjects(), [...foreign, "proxied.example.com/* -> edgress"].toSorted());
    await publishHosts(["other.example.com"], "--host-grace", "0");
    await publishHosts(["other.example.com"], "--host-grace", "0");
    assert.deepEqual(listObjects(), foreign);
  });

  test("A host of spec.tls that no certificate covers has a diagnostic, and a covered one has none", async () => {
    const ingress = buildIngressManifest("deep", "a.b.example.com", { "/": "web" });
    const tls = [{ hosts: ["a.b.example.com", "other.example.com"] }];
    await write(INGRESS_CLASS, WEB, { ...ingress, spec: { ...ingress.spec, tls } });
    const { stdout } = await publish(["--manage-hosts", "--allow-mass-deletion", "--dry-run"]);
    const lines = stdout.split("\n").filter((line) => line.includes("Certificate"));
    assert.equal(lines.length, 1, stdout);
    assert.match(
      lines[0] ?? "",
      /^warning Ingress default\/deep spec\.rules\[0\]\.host: no certificate of zone example\.com covers a\.b\.example\.com; .*\(CertificateNotCovered,/,
    );
  });

  test("Without the Worker's script, one line names it, and nothing is added", async () => {
    const { stdout } = await publishHosts(["other.example.com", "new.example.com"], "--worker-script", "absent");
    assert.match(
      stdout,
      /^warning hosts of zone example\.com were not synced: Worker script not found: absent\. Deploy the Worker/m,
    );
    assert.deepEqual(
      listObjects().filter((line) => line.startsWith("new.")),
      [],
    );
  });
});
