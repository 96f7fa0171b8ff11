import type { GatewayListener } from "../../../collect/gateway/gateway-model.ts";
import type { ConditionProblem } from "../judged-gateways.ts";

/** The protocols whose listeners may share a port, with different hostnames. */
const HOSTNAME_PROTOCOLS = ["HTTP", "HTTPS", "TLS"];

/** A listener with its hostname as in `ServedListener.hostname`. */
interface NamedListener {
  readonly listener: GatewayListener;
  readonly hostname: string;
  readonly rejection: ConditionProblem | undefined;
}

/**
 * Returns the conflict of each listener of a Gateway. The first group has the listeners of the Gateway itself, and each
 * further group those of a ListenerSet. An earlier group wins; within a group, all listeners that are alike lose. A
 * rejected listener takes no port from a later group.
 */
export function findConflicts<T extends NamedListener>(
  groups: readonly (readonly T[])[],
): ReadonlyMap<T, ConditionProblem> {
  const conflicts = new Map<T, ConditionProblem>();
  const winners = createPortTable();
  for (const group of groups) {
    const rivals = group.filter((named) => {
      const conflict = winners.findConflict(named);
      if (conflict) conflicts.set(named, conflict);
      return conflict === undefined;
    });
    for (const [named, conflict] of findRivals(rivals)) conflicts.set(named, conflict);
    for (const named of rivals) if (!conflicts.has(named) && !named.rejection) winners.add(named);
  }
  return conflicts;
}

/** Returns the conflicts between listeners of one object. A listener of an unsupported protocol takes no port. */
function findRivals<T extends NamedListener>(group: readonly T[]): readonly (readonly [T, ConditionProblem])[] {
  const supported = group.filter(({ rejection }) => rejection?.reason !== "UnsupportedProtocol");
  return supported.flatMap((named, index) => {
    const others = createPortTable();
    for (const [otherIndex, other] of supported.entries()) if (otherIndex !== index) others.add(other);
    const conflict = others.findConflict(named);
    return conflict ? [[named, conflict] as const] : [];
  });
}

/** The listeners of each port. */
function createPortTable() {
  const protocols = new Map<number, Map<string, string>>();
  const names = new Map<string, string>();
  return {
    add({ listener, hostname }: NamedListener) {
      const ofPort = protocols.get(listener.port) ?? new Map();
      protocols.set(listener.port, ofPort.set(listener.protocol, listener.name));
      names.set(formatKey(listener, hostname), listener.name);
    },
    findConflict({ listener, hostname }: NamedListener): ConditionProblem | undefined {
      const { port, protocol } = listener;
      for (const [otherProtocol, name] of protocols.get(port) ?? []) {
        if (otherProtocol === protocol) continue;
        const message = `port ${port} has listener ${name} with protocol ${otherProtocol}`;
        return { reason: "ProtocolConflict", message, remedy: "use another port" };
      }
      const name = names.get(formatKey(listener, hostname));
      if (name === undefined) return undefined;
      const message = `port ${port} has listener ${name} with the same hostname`;
      return { reason: "HostnameConflict", message, remedy: "use another hostname" };
    },
  };
}

function formatKey({ port, protocol }: GatewayListener, hostname: string): string {
  return `${port} ${protocol} ${HOSTNAME_PROTOCOLS.includes(protocol) ? hostname : ""}`;
}

/** Returns the hostnames of a list that another one covers, or that cover another one. */
export function findOverlaps(hostnames: readonly string[]): ReadonlySet<string> {
  const known = new Set(hostnames);
  const overlaps = new Set<string>();
  for (const hostname of known) {
    for (const wildcard of listCoveringNames(hostname)) {
      if (known.has(wildcard)) overlaps.add(hostname).add(wildcard);
    }
  }
  return overlaps;
}

/** `"a.b.org"` → `["*.b.org", "*.org", "*"]` */
function listCoveringNames(hostname: string): readonly string[] {
  if (hostname === "*") return [];
  const labels = (hostname.startsWith("*.") ? hostname.slice(2) : hostname).split(".");
  return [...labels.slice(1).map((_, index) => `*.${labels.slice(index + 1).join(".")}`), "*"];
}
