import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

const RECORD_HASH_LENGTH = 24;
const RECORD_NAME = new RegExp(`(^|\\.)edgress-[0-9a-f]{${RECORD_HASH_LENGTH}}(\\.|$)`, "i");

/** The label of the DNS record for an address. A hash, since names of load balancers are longer than a label may be. */
export function buildRecordLabel(address: string): string {
  return `edgress-${bytesToHex(sha256(utf8ToBytes(address))).slice(0, RECORD_HASH_LENGTH)}`;
}

/** Whether a name is that of an origin's record: whoever asks for it asks that origin, past all policies of its paths. */
export function isRecordName(name: string): boolean {
  return RECORD_NAME.test(name);
}
