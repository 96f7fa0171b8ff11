import type { ApiReply } from "../api-types.ts";
import { type CertificateCall, readObject } from "./certificate-call.ts";
import { certificateErrors } from "./certificate-errors.ts";
import { type CertificatePack, listPacks } from "./certificate-packs.ts";
import { ADVANCED_PACKS, readOrder } from "./pack-orders.ts";

const DEFAULT_PAGE_SIZE = 20;

/** Responds to `/ssl/certificate_packs`. */
export function handlePacks(context: CertificateCall): ApiReply | undefined {
  const { call, rest, zone, certificates, issueMs, now } = context;
  const packs = listPacks(zone, certificates, issueMs, now);
  const [id] = rest;
  if (rest.length > 1) return undefined;
  if (call.method === "GET" && id === undefined) return listPage(call.query, packs);
  if (call.method === "GET" && id === "quota") return { result: { advanced: countAdvanced(context, packs) } };
  if (call.method === "POST" && id === "order") return orderPack(context, packs);
  const pack = packs.find((item) => item.id === id);
  if (!pack) return certificateErrors.packNotFound();
  switch (call.method) {
    case "GET":
    case "PATCH": // restarts the validation; a pack cannot be changed
      return { result: pack };
    case "DELETE":
      return deletePack(context, pack);
    default:
      return undefined;
  }
}

/** Lists active packs only, unless the query has `status=all`. */
function listPage(query: URLSearchParams, packs: readonly CertificatePack[]): ApiReply {
  const listedPacks = query.get("status") === "all" ? packs : packs.filter(({ status }) => status === "active");
  const page = Number(query.get("page") ?? 1);
  const size = Number(query.get("per_page") ?? DEFAULT_PAGE_SIZE);
  const result = listedPacks.slice((page - 1) * size, page * size);
  return { result, resultInfo: { page, per_page: size, count: result.length, total_count: listedPacks.length } };
}

function countAdvanced({ zone }: CertificateCall, packs: readonly CertificatePack[]) {
  const used = packs.filter(({ type }) => type === "advanced").length;
  return { allocated: zone.hasAdvancedCertificates ? ADVANCED_PACKS : 0, used };
}

function orderPack(context: CertificateCall, packs: readonly CertificatePack[]): ApiReply {
  const { call, zone, certificates, save, issueMs, now } = context;
  const order = readOrder(readObject(call), zone, countAdvanced(context, packs).used, now);
  if ("code" in order) return order;
  const orderedPacks = [...certificates.orderedPacks, order];
  save({ orderedPacks });
  const pack = listPacks(zone, { ...certificates, orderedPacks }, issueMs, now).find(({ id }) => id === order.id);
  return { result: { ...pack, status: "initializing", certificates: [] } };
}

function deletePack({ certificates, save, now }: CertificateCall, pack: CertificatePack): ApiReply {
  switch (pack.type) {
    case "advanced":
      if (pack.status === "pending_deletion") return certificateErrors.deletionRunning();
      save({
        orderedPacks: certificates.orderedPacks.map((item) =>
          item.id === pack.id ? { ...item, deletedAt: now } : item,
        ),
      });
      return { result: { id: pack.id } };
    case "total_tls":
      save({ optedOutHosts: [...certificates.optedOutHosts, ...pack.hosts] });
      return { result: { id: pack.id } };
    default:
      return certificateErrors.orderInvalid(`a certificate pack of the type ${pack.type} cannot be deleted here`);
  }
}
