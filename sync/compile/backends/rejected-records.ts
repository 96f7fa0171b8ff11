import { nameOf } from "../../collect/cluster-model.ts";
import type { BackendNote, ServiceAddresses } from "../model.ts";

const MAX_NOTES = 5;

const remedies = {
  DNSRecordRejected: "change the address of the Service; a rejected record is tried again after 10 min",
  DNSRecordQuotaExceeded: "use fewer addresses, or ask your edgress administrator to raise the quota",
} as const;

/**
 * Returns the addresses of a Service that have a DNS record in one of `zones`, with notes for the others. An address
 * without a record in some of the zones is used, and reported.
 */
export function withoutRejectedRecords(
  { service, addresses, notes, rejectedRecords }: ServiceAddresses,
  zones: readonly string[],
): Pick<ServiceAddresses, "addresses" | "notes"> {
  const rejected = rejectedRecords.filter(({ zone }) => zones.includes(zone));
  if (rejected.length === 0) return { addresses, notes };
  const rejectedByLabel = groupByLabel(rejected);
  const isUsable = ({ record }: ServiceAddresses["addresses"][number]) =>
    (rejectedByLabel.get(record)?.length ?? 0) < zones.length;
  const field = service.externalIPs.length > 0 ? "spec.externalIPs" : "status.loadBalancer.ingress";
  const subject = { object: `Service ${nameOf(service)}`, source: service.source, field };
  const rejectedNotes = addresses
    .flatMap(({ address, record }) => (rejectedByLabel.get(record) ?? []).map((entry) => ({ address, ...entry })))
    .slice(0, MAX_NOTES)
    .flatMap(({ address, zone, reason, problem }): BackendNote[] => {
      const note = { reason, remedy: remedies[reason] };
      return [
        { ...note, problem: `address ${address} not used in zone ${zone}: ${problem}`, subject },
        { ...note, problem: `address ${address} of Service ${nameOf(service)} not used in zone ${zone}: ${problem}` },
      ];
    });
  const hiddenCount = rejected.length - MAX_NOTES;
  const hiddenNote = { ...firstNote(rejected), problem: `${hiddenCount} more addresses are not used`, subject };
  return {
    addresses: addresses.filter(isUsable),
    notes: [...notes, ...rejectedNotes, ...(hiddenCount > 0 ? [hiddenNote] : [])],
  };
}

function firstNote([first]: ServiceAddresses["rejectedRecords"]): Pick<BackendNote, "reason" | "remedy"> {
  const reason = first?.reason ?? "DNSRecordRejected";
  return { reason, remedy: remedies[reason] };
}

/** Groups records by their label. Not with `Map.groupBy`, because Node 20 lacks it and the npm package has no polyfill. */
export function groupByLabel<T extends { readonly label: string }>(
  records: readonly T[],
): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const record of records) {
    const group = groups.get(record.label);
    if (group) group.push(record);
    else groups.set(record.label, [record]);
  }
  return groups;
}
