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
