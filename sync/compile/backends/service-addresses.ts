import { type Cluster, nameOf, type Service } from "../../collect/cluster-model.ts";
import { createListMemo, type ListMemo } from "../../incremental/list-memo.ts";
import { createMemo, createObjectMemo, type Memo, type ObjectMemo } from "../../incremental/memo.ts";
import { memoize } from "../../incremental/memoize.ts";
import type { Subject } from "../diagnostics.ts";
import type { BackendNote, ServiceAddresses } from "../model.ts";
import type { StageOptions } from "../options.ts";
import { canonicalizeAddress, listExternalAddresses, MAX_ADDRESSES } from "./external-addresses.ts";
import { type CheckOrigin, createOriginChecker } from "./origin-permits.ts";
import { buildRecordLabel } from "./origin-record-names.ts";
import { groupByLabel } from "./rejected-records.ts";

/** Services with their addresses. */
export interface LocatedServices {
  readonly list: readonly ServiceAddresses[];
  readonly byName: ReadonlyMap<string, ServiceAddresses>; // by "namespace/name"
}

/** Earlier results for Services. */
export interface ServiceMemo {
  readonly list: ListMemo<Service, ServiceAddresses>;
  readonly byService: ObjectMemo<Service, ServiceAddresses>; // for lists whose cluster IPs changed
  readonly byName: Memo<LocatedServices["byName"]>;
}

export function createServiceMemo(): ServiceMemo {
  return { list: createListMemo(), byService: createObjectMemo(), byName: createMemo() };
}

/** Returns the addresses of Services: the same list and map if they are the same as before. */
export function locateServices(
  { services, rejectedRecords = [] }: Pick<Cluster, "services" | "rejectedRecords">,
  options: StageOptions,
  memo: ServiceMemo,
): LocatedServices {
  const { checkOrigin, listDependencies, clusterIPs } = createOriginChecker(options.permits.origins, services);
  const rejectedByLabel = groupByLabel(rejectedRecords);
  const findRejected = (service: Service) =>
    rejectedByLabel.size === 0 ? [] : listRecordLabels(service).flatMap((label) => rejectedByLabel.get(label) ?? []);
  const list = memo.list(services, [options, clusterIPs, rejectedRecords], (service) => {
    const rejected = findRejected(service);
    return memo.byService(service, [options, listDependencies(service), rejected], () => ({
      ...resolveAddresses(service, checkOrigin),
      rejectedRecords: rejected,
    }));
  });
  return { list, byName: memo.byName([list], () => new Map(list.map((entry) => [nameOf(entry.service), entry]))) };
}

/** Returns the external addresses of a Service that may be origins, with diagnostics for the others. */
function resolveAddresses(service: Service, checkOrigin: CheckOrigin): Omit<ServiceAddresses, "rejectedRecords"> {
  const field = service.externalIPs.length > 0 ? "spec.externalIPs" : "status.loadBalancer.ingress";
  const subject = { object: `Service ${nameOf(service)}`, source: service.source, field };
  const checkedAddresses = listExternalAddresses(service).map((address) => {
    const canonicalText = canonicalizeAddress(address, service.externalIPs.length === 0);
    return {
      address,
      canonicalText,
      rejection: canonicalText && checkOrigin(service.namespace, canonicalText),
    };
  });
  const acceptedAddresses = checkedAddresses.flatMap(({ canonicalText, rejection }) =>
    canonicalText && rejection === undefined ? [canonicalText] : [],
  );
  const problem = `Service has ${countAddresses(service)} addresses; only the first ${MAX_ADDRESSES} are used`;
  const tooManyAddresses: BackendNote = {
    reason: "TooManyAddresses",
    problem,
    remedy: "remove addresses, or ignore this warning",
    subject,
  };
  return {
    service,
    addresses: [...new Set(acceptedAddresses)].map((address) => ({ address, record: buildRecordLabel(address) })),
    notes: [
      ...(countAddresses(service) > MAX_ADDRESSES ? [tooManyAddresses] : []),
      ...checkedAddresses.flatMap(({ address, canonicalText, rejection }): BackendNote[] => {
        if (rejection !== undefined) return buildOriginNotes(service, address, rejection, subject);
        const problem = `expected an IP address, got "${address}"`;
        return canonicalText
          ? []
          : [{ reason: "InvalidExternalAddress", problem, remedy: "correct the address", subject }];
      }),
    ],
  };
}

const listRecordLabels = memoize((service: Service): readonly string[] => [
  ...new Set(
    listExternalAddresses(service).flatMap((address) => {
      const text = canonicalizeAddress(address, service.externalIPs.length === 0);
      return text === undefined ? [] : [buildRecordLabel(text)];
    }),
  ),
]);

function countAddresses({ externalIPs, loadBalancer }: Service): number {
  return externalIPs.length > 0 ? externalIPs.length : loadBalancer.length;
}

/** Reports to the Service and to each path that uses it, because different people may own them. */
function buildOriginNotes(service: Service, address: string, problem: string, subject: Subject): BackendNote[] {
  const remedy = `change the address of the Service, or ask your edgress administrator to permit it for namespace ${service.namespace}`;
  const note = {
    reason: "OriginNotPermitted",
    problem: `address not permitted as an origin: ${address} (${problem})`,
    remedy,
  } as const;
  const pathNote = {
    ...note,
    problem: `address of Service ${nameOf(service)} not permitted as an origin: ${address} (${problem})`,
  };
  return [{ ...note, subject }, pathNote];
}
