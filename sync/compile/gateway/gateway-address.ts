import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { compareText } from "../../../src/rules/compare-text.ts";
import { buildRecordName } from "../../../src/rules/hosts.ts";
import { nameOf } from "../../collect/cluster-model.ts";
import type { Gateway } from "../../collect/gateway/gateway-model.ts";
import type { ConditionProblem } from "./judged-gateways.ts";

const HASH_LENGTH = 8;
const MAX_LABEL_LENGTH = 63;
const ADDRESS_TYPES = ["Hostname", "IPAddress"];

/** The address of a Gateway, or why it has none. */
export interface AddressVerdict {
  readonly address?: string;
  /** The Gateway requests an unknown type of address, so it is not accepted. */
  readonly rejection?: ConditionProblem;
  /** The Gateway requests an address of others, so it is not served. */
  readonly problem?: ConditionProblem;
}

/** Returns the host name of a Gateway, unless `spec.addresses` requests another address. */
export function assignAddress(gateway: Gateway, zones: readonly string[]): AddressVerdict {
  const address = buildGatewayAddress(gateway, zones);
  const unknownType = gateway.addresses.find(({ type }) => !ADDRESS_TYPES.includes(type));
  if (unknownType !== undefined) {
    const message = `unsupported address type ${unknownType.type}`;
    return { rejection: { reason: "UnsupportedAddress", message, remedy: "use type Hostname without a value" } };
  }
  // An empty value requests any address of the type, and the host name resolves to addresses of Cloudflare.
  const foreign = gateway.addresses.find(({ value }) => value !== "" && value.toLowerCase() !== address);
  if (foreign === undefined) return address === undefined ? {} : { address };
  const message = `address ${foreign.value} is not available`;
  return { problem: { reason: "AddressNotUsable", message, remedy: "request type Hostname without a value" } };
}

/**
 * Returns the host name of a Gateway in the account's first zone by name, such as "shop-1f3a5b7c.example.com". All
 * Gateways share the addresses of Cloudflare, so a host name is the only difference between them.
 */
export function buildGatewayAddress(
  gateway: { readonly namespace: string; readonly name: string },
  zones: readonly string[],
): string | undefined {
  const zone = zones.toSorted(compareText)[0];
  if (zone === undefined) return undefined;
  const hash = bytesToHex(sha256(utf8ToBytes(nameOf(gateway)))).slice(0, HASH_LENGTH);
  const name = gateway.name.replaceAll(".", "-").slice(0, MAX_LABEL_LENGTH - HASH_LENGTH - 1);
  return buildRecordName(`${name}-${hash}`, zone);
}
