import { randomUUID } from "node:crypto";
import * as z from "zod/mini";
import type { ApiReply } from "../api-types.ts";
import { certificateErrors } from "./certificate-errors.ts";
import type { CertificateZone, OrderedPack } from "./certificate-zones.ts";

/** Packs that Advanced Certificate Manager includes. */
export const ADVANCED_PACKS = 100;
const MAX_HOSTS = 50;

const Order = z.object({
  type: z.literal("advanced"),
  hosts: z.array(z.string()).check(z.minLength(1), z.maxLength(MAX_HOSTS)),
  validity_days: z.literal([14, 30, 90, 365]),
  certificate_authority: z.enum(["google", "lets_encrypt", "ssl_com"]),
  validation_method: z.enum(["txt", "http", "email"]),
});

/** Returns the ordered pack, or why the order is rejected. */
export function readOrder(
  body: unknown,
  zone: CertificateZone,
  usedPacks: number,
  now: number,
): OrderedPack | Extract<ApiReply, { status: number }> {
  if (!zone.hasAdvancedCertificates) return certificateErrors.advancedRequired();
  const order = z.safeParse(Order, body);
  if (!order.success) return certificateErrors.orderInvalid(z.prettifyError(order.error));
  const { hosts, validity_days, certificate_authority, validation_method } = order.data;
  if (!hosts.includes(zone.name)) return certificateErrors.orderInvalid(`hosts must have the zone apex: ${zone.name}`);
  const foreignHost = hosts.find((host) => host !== zone.name && !host.endsWith(`.${zone.name}`));
  if (foreignHost !== undefined) return certificateErrors.orderInvalid(`host is outside the zone: ${foreignHost}`);
  if (usedPacks >= ADVANCED_PACKS)
    return certificateErrors.orderInvalid("the quota of advanced certificates is used up");
  return {
    id: randomUUID(),
    hosts: [...hosts].sort(), // the API does not keep the order of hosts
    validityDays: validity_days,
    certificateAuthority: certificate_authority,
    validationMethod: validation_method,
    orderedAt: now,
  };
}
