import type { HostSyncResult } from "../../publish/hosts/model.ts";
import type { Logger } from "../../report/log.ts";

/** Logs the changes of records and routes of hosts. */
export function logHostChanges(log: Logger, hostResult: HostSyncResult | undefined): void {
  for (const warning of hostResult?.warnings ?? []) log.warn(warning);
  for (const { action, kind, zone, name } of hostResult?.changes ?? []) {
    log.info({ zone, [kind]: name }, `${PAST_TENSE[action]} ${kind}="${name}" zone=${zone}`);
  }
}

const PAST_TENSE = { add: "added", replace: "replaced", remove: "removed" } as const;
