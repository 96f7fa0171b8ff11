import { failure, type Result, success } from "./result.ts";

/** An address as a number. An IPv4-mapped IPv6 address (`::ffff:192.0.2.1`) is IPv4. */
interface IpAddress {
  readonly family: 4 | 6;
  readonly bits: bigint;
}

/** The addresses that share their first bits. */
interface IpRange {
  readonly family: 4 | 6;
  readonly networkBits: bigint; // the shared bits
  readonly hostBitCount: bigint; // number of other bits
}

const ADDRESS_BITS = { 4: 32, 6: 128 } as const;
const IPV4_MAPPED_PREFIX = 0xffffn;
const IPV4_MAPPED_PREFIX_BITS = 96;

/** Returns the text if it is an address or a CIDR range, of IPv4 or IPv6. */
export function parseIpRange(text: string): Result<string> {
  return readIpRange(text)
    ? success(text)
    : failure(`expected an address or a range such as "10.0.0.0/8", got "${text}"`);
}

/** Returns a function that tests whether an address is in any range. The ranges are parsed once. */
export function createIpMatcher(ranges: readonly string[]): (address: string) => boolean {
  const ipRanges = ranges.flatMap((text) => readIpRange(text) ?? []);
  return (text) => {
    const address = readIpAddress(text);
    return (
      address !== undefined &&
      ipRanges.some(
        ({ family, networkBits, hostBitCount }) =>
          family === address.family && address.bits >> hostBitCount === networkBits,
      )
    );
  };
}

/** Returns the ranges of addresses that are in both lists; undefined if a range is invalid. */
export function intersectIpRanges(list: readonly string[], otherList: readonly string[]): string[] | undefined {
  const [ranges, otherRanges] = [list, otherList].map((texts) =>
    texts.map((text) => ({ text, range: readIpRange(text) })),
  ) as [TextRange[], TextRange[]]; // two lists in, two lists out
  if ([...ranges, ...otherRanges].some(({ range }) => range === undefined)) return undefined;
  const common = ranges.flatMap((one) =>
    otherRanges.flatMap((other) => {
      if (includesRange(one.range, other.range)) return other.text;
      return includesRange(other.range, one.range) ? one.text : [];
    }),
  );
  return [...new Set(common)];
}

interface TextRange {
  readonly text: string;
  readonly range: IpRange | undefined;
}

function includesRange(outer: IpRange | undefined, inner: IpRange | undefined): boolean {
  if (!outer || !inner || outer.family !== inner.family || inner.hostBitCount > outer.hostBitCount) return false;
  return inner.networkBits >> (outer.hostBitCount - inner.hostBitCount) === outer.networkBits;
}

function readIpRange(text: string): IpRange | undefined {
  const [, addressText = "", lengthText] = /^([^/]*)(?:\/(0|[1-9]\d{0,2}))?$/.exec(text) ?? [];
  const bits = addressText.includes(":") ? parseIpv6(addressText) : parseIpv4(addressText);
  if (bits === undefined) return undefined;
  const width = addressText.includes(":") ? ADDRESS_BITS[6] : ADDRESS_BITS[4];
  const prefixLength = lengthText === undefined ? width : Number(lengthText);
  if (prefixLength > width) return undefined;
  const isMappedRange = width === ADDRESS_BITS[6] && prefixLength >= IPV4_MAPPED_PREFIX_BITS && isIpv4Mapped(bits);
  const hostBitCount = BigInt(width - prefixLength);
  const rangeBits = isMappedRange ? bits & 0xffff_ffffn : bits;
  return {
    family: width === ADDRESS_BITS[4] || isMappedRange ? 4 : 6,
    networkBits: rangeBits >> hostBitCount,
    hostBitCount,
  };
}

function readIpAddress(text: string): IpAddress | undefined {
  if (!text.includes(":")) {
    const bits = parseIpv4(text);
    return bits === undefined ? undefined : { family: 4, bits };
  }
  const bits = parseIpv6(text);
  if (bits === undefined) return undefined;
  return isIpv4Mapped(bits) ? { family: 4, bits: bits & 0xffff_ffffn } : { family: 6, bits };
}

function isIpv4Mapped(bits: bigint): boolean {
  return bits >> 32n === IPV4_MAPPED_PREFIX;
}

/** Four decimal numbers. A leading zero is invalid, because some parsers read it as octal. */
function parseIpv4(text: string): bigint | undefined {
  const parts = text.split(".");
  const isValid = parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
  return isValid ? joinBits(parts.map(Number), 8n) : undefined;
}

/** Eight groups. One run of zeros may be "::", and the last two may be IPv4. No zone. */
function parseIpv6(text: string): bigint | undefined {
  const tail = /^(.*:)([^:]*\.[^:]*)$/.exec(text);
  const ipv4Bits = tail ? parseIpv4(tail[2] ?? "") : undefined;
  if (tail && ipv4Bits === undefined) return undefined;
  const hexText =
    ipv4Bits === undefined
      ? text
      : `${tail?.[1]}${(ipv4Bits >> 16n).toString(16)}:${(ipv4Bits & 0xffffn).toString(16)}`;
  const halves = hexText.split("::");
  const [headGroups = [], tailGroups = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missingCount = 8 - headGroups.length - tailGroups.length;
  if (halves.length > 2 || (halves.length === 2 ? missingCount < 1 : missingCount !== 0)) return undefined;
  const groups = [...headGroups, ...Array.from({ length: missingCount }, () => "0"), ...tailGroups];
  return groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))
    ? joinBits(
        groups.map((group) => Number.parseInt(group, 16)),
        16n,
      )
    : undefined;
}

function joinBits(parts: readonly number[], bits: bigint): bigint {
  return parts.reduce((total, part) => (total << bits) | BigInt(part), 0n);
}
