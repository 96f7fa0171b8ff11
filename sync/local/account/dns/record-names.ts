import { domainToASCII } from "node:url";
import { ROOT_ZONE } from "../../../../src/rules/hosts.ts";
import { isInZone } from "../zones/zone-store.ts";

const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/;
const MAX_NAME_LENGTH = 253;

/**
 * Returns the name of a record as the API does: absolute, in lower case and Punycode. "@" is the zone, and a name outside
 * the zone is relative to it. Returns undefined if the name is invalid.
 */
export function canonicalizeRecordName(text: string, zone: string): string | undefined {
  const name = toAscii(text.replace(/\.$/, ""));
  if (name === undefined) return undefined;
  const absoluteName = isInZone(name, zone) ? name : `${name}.${zone}`;
  const canonicalName = text === "@" && zone !== ROOT_ZONE ? zone : absoluteName;
  return isRecordName(canonicalName) ? canonicalName : undefined;
}

/** Normalizes a name: lower case, without the final dot. */
export function normalizeRecordName(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}

/** Returns a host name in lower case and Punycode, or undefined if it is invalid. */
export function canonicalizeHostname(text: string): string | undefined {
  const name = toAscii(text.replace(/\.$/, ""));
  return name !== undefined && isRecordName(name) ? name : undefined;
}

function toAscii(text: string): string | undefined {
  if (/^[\x20-\x7e]*$/.test(text)) return text.toLowerCase();
  const wildcard = text.startsWith("*.") ? "*." : "";
  const name = domainToASCII(text.slice(wildcard.length));
  return name === "" ? undefined : wildcard + name;
}

/** Whether each label is valid. The first label may be "*". */
function isRecordName(name: string): boolean {
  const labels = name.split(".");
  return name.length <= MAX_NAME_LENGTH && labels.every((label, i) => LABEL.test(label) || (label === "*" && i === 0));
}
