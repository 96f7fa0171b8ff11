import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { lintIngresses, NGINX } from "../support/cli/lint.ts";

async function lintList(annotations: Readonly<Record<string, string>>) {
  const keys = Object.entries(annotations).map(([name, value]) => [NGINX + name, value]);
  const findings = await lintIngresses([{ annotations: Object.fromEntries(keys) }]);
  return findings
    .filter(({ rule }) => rule === "private-source-range")
    .map(({ kind, field, message, edgress, nginx }) => ({ kind, field, message, edgress, nginx }));
}

describe("source ranges with private addresses", () => {
  test("An allow list of only private addresses is an error, because the edge rejects every client", async () => {
    assert.deepEqual(await lintList({ "whitelist-source-range": "10.0.0.0/8, 192.168.1.7" }), [
      {
        kind: "error",
        field: `metadata.annotations[${NGINX}whitelist-source-range]`,
        message:
          "every client gets 403: the list has only private addresses (10.0.0.0/8, 192.168.1.7), and no client at the edge has one",
        edgress: "403",
        nginx: "served to these addresses",
      },
    ]);
  });

  test("An allow list with some private addresses is different from ingress-nginx", async () => {
    const [finding] = await lintList({ "allowlist-source-range": "203.0.113.0/24, fd00::/8" });
    assert.equal(finding?.kind, "different");
    assert.equal(finding.field, `metadata.annotations[${NGINX}allowlist-source-range]`);
    assert.equal(finding.message, "no client at the edge has an address of fd00::/8");
  });

  test("An allow list of private addresses is no error if an authentication service is enough", async () => {
    const annotations = { "auth-url": "https://auth.example.org/verify", satisfy: "any" };
    const [finding] = await lintList({ ...annotations, "whitelist-source-range": "10.0.0.0/8" });
    assert.equal(finding?.kind, "different");
  });

  test("A deny list of private addresses rejects no client", async () => {
    const [finding] = await lintList({ "denylist-source-range": "100.64.0.0/10" });
    assert.deepEqual(
      [finding?.kind, finding?.message],
      ["different", "no client at the edge has an address of 100.64.0.0/10, so they reject no client"],
    );
  });

  for (const ranges of ["203.0.113.0/24", "0.0.0.0/0", "2001:db8::/32"]) {
    test(`The allow list ${ranges} has no private address`, async () => {
      assert.deepEqual(await lintList({ "whitelist-source-range": ranges }), []);
    });
  }
});
