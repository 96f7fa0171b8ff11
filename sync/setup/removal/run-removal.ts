import Cloudflare from "cloudflare";
import { createNamespaces } from "../../cloudflare/namespaces.ts";
import { createRoutes } from "../../cloudflare/routes.ts";
import { createScripts } from "../../cloudflare/scripts.ts";
import type { AccountRemoval } from "./removal-plan.ts";

/** Removes one thing. Succeeds if it is gone already. */
export async function runRemoval(client: Cloudflare, accountId: string, removal: AccountRemoval): Promise<void> {
  switch (removal.type) {
    case "host-record":
      return removeRecord(client, removal.zone.id, removal.record.id);
    case "route":
      return createRoutes(client).remove(removal.zone, removal.route);
    case "certificate":
      return ignoreMissing(() => client.customCertificates.delete(removal.id, { zone_id: removal.zone.id }));
    case "worker":
      return createScripts(client, accountId).remove(removal.script);
    case "origin-record":
      return removeRecord(client, removal.zone.id, removal.record.id);
    case "namespace":
      return createNamespaces(client, accountId).remove(removal.namespace.id);
  }
}

function removeRecord(client: Cloudflare, zoneId: string, recordId: string): Promise<void> {
  return ignoreMissing(() => client.dns.records.delete(recordId, { zone_id: zoneId }));
}

async function ignoreMissing(call: () => PromiseLike<unknown>): Promise<void> {
  try {
    await call();
  } catch (error) {
    if (!(error instanceof Cloudflare.NotFoundError)) throw error;
  }
}
