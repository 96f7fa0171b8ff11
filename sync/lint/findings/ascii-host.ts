import { parseHost } from "../../../src/rules/hosts.ts";
import type { Diagnostic } from "../../compile/diagnostics.ts";
import type { ObjectIndex } from "./object-index.ts";

/** Returns the remedy of a diagnostic. For an international host, it is the ASCII form, which DNS and clients use. */
export function findRemedy({ reason, object, field, remedy }: Diagnostic, { byObject }: ObjectIndex): string {
  if (reason !== "InvalidHost") return remedy;
  const host = byObject.get(object)?.owner.rules[Number(/^spec\.rules\[(\d+)\]/.exec(field)?.[1])]?.host ?? "";
  const asciiHost = findAsciiHost(host);
  return asciiHost === undefined ? remedy : `use its ASCII form: ${asciiHost}`;
}

function findAsciiHost(host: string): string | undefined {
  if (!/[^\x00-\x7f]/.test(host) || !URL.canParse(`http://${host}`)) return undefined;
  const { hostname } = new URL(`http://${host}`);
  return parseHost(hostname).ok ? hostname : undefined;
}
