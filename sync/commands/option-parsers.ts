import { isIP } from "node:net";
import { InvalidArgumentError } from "commander";
import { UsageError } from "../runtime/usage-error.ts";

const MAX_PORT = 65_535;
const MAX_SECONDS = 86_400;

/** Parses a TCP port; 0 means a free port. Throws `InvalidArgumentError`. */
export function parsePort(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number <= MAX_PORT) return number;
  throw new InvalidArgumentError(`must be a port from 0 to ${MAX_PORT}`);
}

/** Parses seconds, with decimals. Throws `InvalidArgumentError`. */
export function parseSeconds(text: string): number {
  const number = Number(text);
  if (text.trim() !== "" && number >= 0 && number <= MAX_SECONDS) return number;
  throw new InvalidArgumentError(`must be seconds from 0 to ${MAX_SECONDS}`);
}

const SECONDS_BY_UNIT: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** Parses a duration and returns seconds: "5m", "90s" or "90". Throws `InvalidArgumentError`. */
export function parseDuration(text: string): number {
  const [, number = "", unit = "s"] = /^(\d{1,6}(?:\.\d{1,3})?)([smh]?)$/.exec(text) ?? [];
  const seconds = Number(number) * (SECONDS_BY_UNIT[unit || "s"] ?? 0);
  if (number !== "" && seconds <= MAX_SECONDS) return seconds;
  throw new InvalidArgumentError("must be a duration up to 24h: 5m, 90s or 90");
}

/** Parses shares of clients in percent: "1%,10%,50%". Throws `InvalidArgumentError`. */
export function parseShares(text: string): number[] {
  const shares = text.split(",").map((share) => Number(/^(\d{1,2}(?:\.\d{1,3})?) ?%?$/.exec(share.trim())?.[1]));
  const isAscending = shares.every((share, index) => share > (shares[index - 1] ?? 0) && share < 100);
  if (isAscending) return shares;
  throw new InvalidArgumentError("must be ascending shares between 0% and 100%: 1%,10%,50%");
}

/** Parses one share of clients in percent: "5%". Throws `InvalidArgumentError`. */
export function parseShare(text: string): number[] {
  const shares = parseShares(text);
  if (shares.length === 1) return shares;
  throw new InvalidArgumentError("must be one share between 0% and 100%: 5%");
}

/** Parses a whole number from 1. Throws `InvalidArgumentError`. */
export function parseCount(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("must be a whole number from 1");
}

/** Parses a whole number. Throws `InvalidArgumentError`. */
export function parseWholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("must be a whole number");
}

/** Adds an address that the API server accepts in a status. Throws `InvalidArgumentError`. */
export function appendAddress(text: string, addresses: readonly string[]): string[] {
  if (isIP(text) || /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(text))
    return [...addresses, text];
  throw new InvalidArgumentError("must be an IP address or a host name in lower case");
}

/** Splits a comma-separated list. */
export function parseNames(text: string): string[] {
  return text.split(",").map((name) => name.trim());
}

/** Adds the value of an option that may be repeated. */
export function appendValue(text: string, values: string[]): string[] {
  return [...values, text];
}

/** Returns where the permits are: in a file, in a ConfigMap or nowhere. Throws `UsageError` if both are set. */
export function parsePermitsLocation(
  file: string | undefined,
  configMap: string | undefined,
  namespace: string | undefined,
) {
  if (file !== undefined && configMap !== undefined)
    throw new UsageError("--permits and --permits-config-map are mutually exclusive. Set one of them");
  if (file !== undefined) return { type: "file", path: file } as const;
  if (configMap === undefined) return { type: "none" } as const;
  const [name = "", configMapNamespace = namespace ?? process.env.POD_NAMESPACE ?? "default"] = configMap
    .split("/")
    .toReversed();
  return { type: "ConfigMap", namespace: configMapNamespace, name } as const;
}
