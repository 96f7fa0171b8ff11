import assert from "node:assert/strict";
import type { LocalAccount } from "../../../sync/local/account/account.ts";
import { buildUpload, callAccount } from "./call-account.ts";

/** A record of another owner, and how it looks like one of edgress. */
const FOREIGN_RECORDS = [
  { type: "A", name: "www", content: "203.0.113.200", proxied: true },
  { type: "AAAA", name: "originless", content: "100::", proxied: true },
  { type: "A", name: "same-comment", content: "203.0.113.201", comment: "EDGRESS: ORIGIN RECORD" },
  { type: "TXT", name: "_edgress.www", content: "heritage=external-dns,external-dns/owner=other" },
  { type: "MX", name: "@", content: "mail.example.net", priority: 10 },
  { type: "TXT", name: "@", content: "v=spf1 -all" },
];

/** Routes of another Worker, and one that runs none. */
const FOREIGN_ROUTES = [
  { pattern: "www.ZONE/*", script: "theirs" },
  { pattern: "static.ZONE/*", script: null },
];

/** Objects of other owners in an account. */
export interface ForeignObjects {
  /** Throws if one of them is changed or gone. */
  assertUnchanged(): void;
}

/** Adds records and routes of other owners to a zone. Some of them look like those of edgress. */
export async function addForeignObjects(account: LocalAccount, zone: string): Promise<ForeignObjects> {
  const zoneId = account.zoneStore.list().find(({ name }) => name === zone)?.id;
  const post = async (path: string, body: object) =>
    assert.equal((await callAccount(account, `POST /zones/${zoneId}/${path}`, body)).status, 200);
  const upload = buildUpload('export default { fetch: () => new Response("theirs") };');
  await callAccount(account, "PUT /workers/scripts/theirs", upload);
  for (const record of FOREIGN_RECORDS) await post("dns_records", record);
  for (const { pattern, script } of FOREIGN_ROUTES)
    await post("workers/routes", { pattern: pattern.replace("ZONE", zone), script });
  const records = [...account.records(zone)];
  const routes = [...account.routes.list(zone)];
  return {
    assertUnchanged() {
      const present = <T extends { id: string }>(objects: readonly T[], wanted: readonly T[]) =>
        wanted.map(({ id }) => objects.find((object) => object.id === id));
      assert.deepEqual(present(account.records(zone), records), records);
      assert.deepEqual(present(account.routes.list(zone), routes), routes);
    },
  };
}
