import type { AnnotationRow } from "../../../src/rules/policies/policy.ts";
import {
  type CloudflarePlan,
  CONNECT_TIMEOUT_S,
  exceedsPlan,
  IDLE_CLIENT_TIMEOUT_S,
  MAX_BODY_MB,
  READ_TIMEOUT_S,
  WRITE_TIMEOUT_S,
} from "./cloudflare-limits.ts";

/** Describes what a value loses; undefined if it loses nothing. The type of the value is that of its row. */
type DescribeLoss = (value: unknown, plan: CloudflarePlan) => string | undefined;

const HTTPS_DIFFERENCE =
  "The zone's SSL mode sets the verification of the origin's certificate. SNI is the request's host.";

/** Annotations whose difference depends on the value. Those of other annotations always apply. */
const LOSSES: ReadonlyMap<string, DescribeLoss> = new Map<string, DescribeLoss>([
  ["proxy-body-size", (bytes, plan) => (exceedsPlan(Number(bytes), plan) ? describeBodyLimit(plan) : undefined)],
  [
    "proxy-connect-timeout",
    (seconds) =>
      seconds === CONNECT_TIMEOUT_S
        ? undefined
        : `${seconds} s is ignored: Cloudflare aborts after ${CONNECT_TIMEOUT_S} s`,
  ],
  ["proxy-read-timeout", (seconds) => (Number(seconds) > READ_TIMEOUT_S ? READ_LOSS : undefined)],
  ["proxy-send-timeout", (seconds) => (Number(seconds) > WRITE_TIMEOUT_S ? SEND_LOSS : undefined)],
  ["backend-protocol", (protocol) => (protocol === "HTTPS" ? HTTPS_DIFFERENCE : undefined)],
]);

const READ_LOSS = `Cloudflare returns 524 if the origin sends nothing for ${READ_TIMEOUT_S} s, and closes connections that are idle for ${IDLE_CLIENT_TIMEOUT_S} s. Send a ping on WebSockets more often than every ${READ_TIMEOUT_S} s. Enterprise plans can raise the first limit`;
const SEND_LOSS = `Cloudflare aborts an upload if the origin does not read it for ${WRITE_TIMEOUT_S} s`;

function describeBodyLimit(plan: CloudflarePlan): string {
  const { business, enterprise } = MAX_BODY_MB;
  return `Cloudflare rejects bodies above ${MAX_BODY_MB[plan]} MB with 413 (plan ${plan}). Upload in parts, or use a plan with more: business has ${business} MB, enterprise ${enterprise} MB. --plan sets the plan`;
}

/** Returns how the edge differs from ingress-nginx for a value of a partially supported annotation. */
export function describeDifference(
  name: string,
  value: unknown,
  row: AnnotationRow,
  plan: CloudflarePlan,
): string | undefined {
  const describeLoss = LOSSES.get(name);
  return describeLoss ? describeLoss(value, plan) : row.difference;
}
