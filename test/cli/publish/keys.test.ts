import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { generateSigningKeys } from "../../../sync/publish/sign-manifest.ts";
import { startPublishFolder } from "../../support/cli/publish-folder.ts";
import { INGRESS_CLASS } from "../../support/controller/controller-harness.ts";
import { buildIngressManifest, buildServiceManifest } from "../../support/manifests.ts";

const { keys, kv, write, publish, countWrites } = await startPublishFolder();
const newKeys = generateSigningKeys();
const WEB = buildServiceManifest("web", ["203.0.113.10"]);
const [SHOP, BLOG, DOCS] = ["shop", "blog", "docs"].map((name) =>
  buildIngressManifest(name, `${name}.example.com`, { "/": "web" }),
);

describe("The signing key of edgress publish", () => {
  test("A key that does not belong to EDGRESS_VERIFYING_KEY publishes nothing", async () => {
    await write(INGRESS_CLASS, WEB, SHOP ?? {}, BLOG ?? {}, DOCS ?? {});
    const { code, stdout, stderr } = await publish([], { EDGRESS_VERIFYING_KEY: newKeys.publicKey });
    assert.equal(
      stderr,
      "edgress: EDGRESS_SIGNING_KEY does not belong to EDGRESS_VERIFYING_KEY, so the Worker would reject the publication. Set both from the same run of `edgress keys`\n",
    );
    assert.deepEqual([code, stdout, countWrites()], [2, "", 0]);
  });

  test("A placeholder in EDGRESS_VERIFYING_KEY is reported by its name", async () => {
    const { code, stderr } = await publish([], { EDGRESS_VERIFYING_KEY: "PASTE-THE-KEY-HERE" });
    assert.equal(
      stderr,
      "edgress: EDGRESS_VERIFYING_KEY is invalid. Set a key from `edgress keys`, or two with a comma\n",
    );
    assert.equal(code, 2);
  });

  test("A manifest with another signature cannot be replaced, because the edge would keep the old one", async () => {
    assert.equal((await publish([], { EDGRESS_VERIFYING_KEY: keys.publicKey })).code, 0);
    const writes = countWrites();
    const { code, stdout, stderr } = await publish([], { EDGRESS_SIGNING_KEY: newKeys.privateKey });
    assert.match(
      stderr,
      /^edgress: the published manifest is not signed with EDGRESS_SIGNING_KEY, so the Worker's EDGRESS_VERIFYING_KEY would reject this publication\. .*EDGRESS_VERIFYING_KEY=OLD,NEW.*--take-ownership\n$/,
    );
    assert.deepEqual([code, stdout, countWrites()], [2, "", writes]);
  });

  const ROTATION = {
    EDGRESS_SIGNING_KEY: newKeys.privateKey,
    EDGRESS_VERIFYING_KEY: `${keys.publicKey}, ${newKeys.publicKey}`,
  };

  test("A rotation with two verifying keys keeps the mass-deletion guard", async () => {
    await write(INGRESS_CLASS, WEB, SHOP ?? {});
    const { code, stdout } = await publish(["--dry-run"], ROTATION);
    assert.match(stdout, /^error deletion blocked: 2 of 3 routes of 2 Ingresses would be removed/m);
    assert.equal(code, 1);
  });

  test("A rotation publishes unchanged rules again with the new signature, once", async () => {
    await write(INGRESS_CLASS, WEB, SHOP ?? {}, BLOG ?? {}, DOCS ?? {});
    assert.equal((await publish(["--dry-run"], ROTATION)).code, 2);
    const rotated = await publish([], ROTATION);
    assert.match(rotated.stdout, /^published generation=2 /m);
    const onlyNew = { EDGRESS_SIGNING_KEY: newKeys.privateKey, EDGRESS_VERIFYING_KEY: newKeys.publicKey };
    const again = await publish([], onlyNew);
    assert.match(again.stdout, /^unchanged generation=2 /m);
    assert.equal(again.code, 0);
    assert.ok(kv.values.has("generation/2"));
  });
});
