import type { ZoneRecord } from "../../cloudflare/host-records.ts";

const HERITAGE = /^"?heritage=external-dns\b/i;
/** Types of records that a name in the registry of external-dns may start with: "a-shop.example.com". */
const METADATA_NAME = /^(?:\*\.)?(?:a|aaaa|cname)\._metadata$/;
const MAX_PREFIX_LABELS = 2;

/**
 * Returns the names that external-dns owns by its TXT records, of `names`. A TXT record has the name of the host, the type
 * of the record before it ("a-shop"), a prefix or a suffix of any text, or the form "a._metadata.shop". It belongs to the
 * longest of the names that it may be for.
 */
export function findExternalDnsNames(
  records: readonly ZoneRecord[],
  names: readonly string[],
  zone: string,
): ReadonlySet<string> {
  const owners = records.filter(({ type, content }) => type === "TXT" && HERITAGE.test(content));
  if (owners.length === 0) return new Set();
  const namesByLength = [...new Set(names)].toSorted((a, b) => b.length - a.length);
  const found = owners.map(({ name }) => namesByLength.find((candidate) => isOwnerName(name, candidate, zone)));
  return new Set(found.filter((name) => name !== undefined));
}

/** Whether a TXT record of this name may belong to a host. */
function isOwnerName(name: string, host: string, zone: string): boolean {
  if (name === host) return true;
  if (name.endsWith(`.${host}`)) return isPrefix(name.slice(0, -host.length - 1), host === zone);
  const dot = host.indexOf(".");
  const parent = host.slice(dot);
  if (dot < 0 || !name.endsWith(parent)) return false;
  const labels = name.slice(0, -parent.length).split(".");
  return labels.length <= MAX_PREFIX_LABELS + 1 && containsWord(labels.at(-1) ?? "", host.slice(0, dot));
}

/** Whether labels before a host are a prefix of external-dns. One label below a zone is mostly another host. */
function isPrefix(labels: string, isZone: boolean): boolean {
  return METADATA_NAME.test(labels) || (!labels.includes(".") && (!isZone || labels.startsWith("_")));
}

/** Whether a label contains another one between separators: "extdns-a-shop" contains "shop". */
function containsWord(label: string, word: string): boolean {
  for (let start = label.indexOf(word); start >= 0; start = label.indexOf(word, start + 1)) {
    const [before, after] = [label[start - 1] ?? "-", label[start + word.length] ?? "-"];
    if ("-_".includes(before) && "-_".includes(after)) return true;
  }
  return false;
}
