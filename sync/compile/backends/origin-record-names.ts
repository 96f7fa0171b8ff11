import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

const RECORD_HASH_LENGTH = 24;
const RECORD_NAME = new RegExp(`(^|\\.)edgress-[0-9a-f]{${RECORD_HASH_LENGTH}}(\\.|$)`, "i");

/**
 * Returns the label of the DNS record of an address. A hash, because load balancer names can exceed a label's length.
 */
export function buildRecordLabel(address: string): string {
  return `edgress-${bytesToHex(sha256(utf8ToBytes(address))).slice(0, RECORD_HASH_LENGTH)}`;
}

/** Whether a name is an origin's DNS record. A request to it would bypass all policies. */
export function isRecordName(name: string): boolean {
  return RECORD_NAME.test(name);
}
