import type { Exchange } from "../../request/exchange.ts";
import type { Filter, HostContext } from "../../request/filter.ts";
import { readCookie } from "../../request/nginx-variables.ts";
import { withHeader, withHeaders } from "../../request/response.ts";
import type { WeightedBackendsSettings } from "../../rules/policies/weighted-backends.ts";
import { findAffinityRecord, formatAffinityCookie } from "../affinity-cookie.ts";

type Session = NonNullable<WeightedBackendsSettings["session"]>;

/** A client's session with a rule. Times are in seconds since 1970, and not a number without them. */
interface SessionEntry {
  readonly text: string;
  readonly token: string; // the affinity cookie of the backend and address
  readonly rule: string;
  readonly createdS: number;
  readonly usedS: number;
}

// Rules whose sessions have one name share a cookie. Its entries are those that the edge writes, and nothing else.
const SHARED_ENTRY = /^[0-9a-f]{4}\|[0-9a-f]{8}\|[0-9a-f]{8}\|[0-9a-z]{1,8}\|[0-9a-z]{1,8}$/;
const MAX_OTHER_ENTRIES = 7;
const MAX_LENGTH = 1024;

/** Returns the client's session with the rule, unless it is too old or was idle for too long. */
export function readSession(exchange: Exchange, session: Session): SessionEntry | undefined {
  const { rule = "", absoluteS, idleS } = session;
  const entry = parseEntries(exchange, session).find((candidate) => candidate.rule === rule);
  if (entry === undefined) return undefined;
  const now = readSeconds();
  // Without times, both comparisons are false.
  const isYoung = absoluteS === undefined || now < entry.createdS + absoluteS;
  const isActive = idleS === undefined || now <= entry.usedS + idleS;
  return isYoung && isActive ? entry : undefined;
}

/** Prefers the address of the client's session. Begins a session if the client has none or its address failed. */
export function createSessionFilter(session: Session, { rules }: HostContext): Filter {
  return async (exchange, next) => {
    const known = readSession(exchange, session);
    const preferredRecord = findAffinityRecord(rules, exchange.backend, known?.token);
    const answer = await next({ ...exchange, preferredRecord });
    const { record, backend } = answer;
    if (record === undefined || backend === undefined) return answer;
    const now = readSeconds();
    const isCurrent = record === preferredRecord && (session.idleS === undefined || known?.usedS === now);
    if (isCurrent && session.type === "cookie") return answer;
    const createdS = known?.createdS || now; // also if it is not a number
    const own = formatEntry(session, formatAffinityCookie(record, backend), createdS, now);
    const value = [...listOtherEntries(exchange, session), own].join(".");
    if (session.type === "header") return withHeader(answer, session.name, value);
    const cookie = formatCookie(session, value, createdS + (session.maxAgeS ?? 0) - now, exchange);
    return withHeaders(answer, (headers) => headers.append("Set-Cookie", cookie));
  };
}

function parseEntries(exchange: Exchange, { type, name }: Session): SessionEntry[] {
  const text = type === "cookie" ? readCookie(exchange, name) : exchange.request.headers.get(name);
  if (!text || text.length > MAX_LENGTH) return [];
  return text.split(".").map((entry) => {
    const [record = "", backend = "", rule = "", created = "", used = ""] = entry.split("|");
    const times = { createdS: Number.parseInt(created, 36), usedS: Number.parseInt(used, 36) };
    return { text: entry, token: `${record}|${backend}`, rule, ...times };
  });
}

function formatEntry({ rule, absoluteS, idleS }: Session, token: string, createdS: number, usedS: number): string {
  if (rule === undefined && absoluteS === undefined && idleS === undefined) return token;
  return [token, rule ?? "", createdS.toString(36), usedS.toString(36)].join("|");
}

/** Returns the sessions of other rules with the same name, so that the rules do not replace the sessions of each other. */
function listOtherEntries(exchange: Exchange, session: Session): string[] {
  if (session.rule === undefined) return [];
  return parseEntries(exchange, session)
    .filter(({ text, rule }) => rule !== session.rule && SHARED_ENTRY.test(text))
    .map(({ text }) => text)
    .slice(-MAX_OTHER_ENTRIES);
}

function formatCookie({ name, maxAgeS }: Session, value: string, restS: number, { scheme }: Exchange): string {
  const attributes = [
    `${name}=${value}`,
    maxAgeS !== undefined && `Max-Age=${restS}`,
    "Path=/",
    scheme === "https" && "Secure",
    "HttpOnly",
  ];
  return attributes.filter(Boolean).join("; ");
}

function readSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
