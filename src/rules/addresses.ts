import { type Parsed, parsed, refused } from "./parsed.ts";

/** An address as a number; one of IPv4 inside IPv6 (`::ffff:192.0.2.1`) is one of IPv4. */
interface Address {
  readonly family: 4 | 6;
  readonly bits: bigint;
}

/** The addresses that share their first bits. */
interface Range {
  readonly family: 4 | 6;
  readonly prefix: bigint; // the bits that are shared
  readonly rest: bigint; // how many are not
}

const WIDTH = { 4: 32, 6: 128 } as const;
const MAPPED_PREFIX = 0xffffn;
const MAPPED_BITS = 96;

/** The text itself, if it is an address or a range in CIDR notation, of IPv4 or IPv6. */
export function parseRange(text: string): Parsed<string> {
  return rangeOf(text) ? parsed(text) : refused(`expected an address or a range such as "10.0.0.0/8", got "${text}"`);
}

/** Whether an address is in any of some ranges; what is no address is in none. The ranges are read once. */
export function matcherOf(ranges: readonly string[]): (address: string) => boolean {
  const read = ranges.flatMap((text) => rangeOf(text) ?? []);
  return (text) => {
    const address = addressOf(text);
    return (
      address !== undefined &&
      read.some(({ family, prefix, rest }) => family === address.family && address.bits >> rest === prefix)
    );
  };
}

function rangeOf(text: string): Range | undefined {
  const [, written = "", length] = /^([^/]*)(?:\/(0|[1-9]\d{0,2}))?$/.exec(text) ?? [];
  const bits = written.includes(":") ? bitsOfSix(written) : bitsOfFour(written);
  if (bits === undefined) return undefined;
  const width = written.includes(":") ? WIDTH[6] : WIDTH[4];
  const shared = length === undefined ? width : Number(length);
  if (shared > width) return undefined;
  const mapped = width === WIDTH[6] && shared >= MAPPED_BITS && isMapped(bits);
  const rest = BigInt(width - shared);
  const own = mapped ? bits & 0xffff_ffffn : bits;
  return { family: width === WIDTH[4] || mapped ? 4 : 6, prefix: own >> rest, rest };
}

function addressOf(text: string): Address | undefined {
  if (!text.includes(":")) {
    const bits = bitsOfFour(text);
    return bits === undefined ? undefined : { family: 4, bits };
  }
  const bits = bitsOfSix(text);
  if (bits === undefined) return undefined;
  return isMapped(bits) ? { family: 4, bits: bits & 0xffff_ffffn } : { family: 6, bits };
}

function isMapped(bits: bigint): boolean {
  return bits >> 32n === MAPPED_PREFIX;
}

/** Four decimal numbers; a leading zero would be octal to some readers, so it is refused. */
function bitsOfFour(text: string): bigint | undefined {
  const parts = text.split(".");
  const fits = parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
  return fits ? joined(parts.map(Number), 8n) : undefined;
}

/** Eight groups, of which one run of zeros may be left out; the last two may be written as IPv4. No zone. */
function bitsOfSix(text: string): bigint | undefined {
  const tail = /^(.*:)([^:]*\.[^:]*)$/.exec(text);
  const four = tail ? bitsOfFour(tail[2] ?? "") : undefined;
  if (tail && four === undefined) return undefined;
  const whole =
    four === undefined ? text : `${tail?.[1]}${(four >> 16n).toString(16)}:${(four & 0xffffn).toString(16)}`;
  const halves = whole.split("::");
  const [head = [], end = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - head.length - end.length;
  if (halves.length > 2 || (halves.length === 2 ? missing < 1 : missing !== 0)) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => "0"), ...end];
  return groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))
    ? joined(
        groups.map((group) => Number.parseInt(group, 16)),
        16n,
      )
    : undefined;
}

function joined(parts: readonly number[], bits: bigint): bigint {
  return parts.reduce((all, part) => (all << bits) | BigInt(part), 0n);
}
