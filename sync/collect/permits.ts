import { parseAllDocuments } from "yaml";
import * as z from "zod";
import { parseRange } from "../../src/rules/addresses.ts";
import { ANY_HOST, parseHost } from "../../src/rules/hosts.ts";
import { type Parsed, parsed, refused } from "../../src/rules/parsed.ts";
import { decodePath } from "../../src/rules/paths.ts";
import { DEFAULT_PERMITS, type Permits } from "../compile/permits.ts";

// Strict, unlike what is read of Kubernetes: a word that nobody knows, or a list that is not there, must not permit more.

/** A text that is read by `reading`, which says what it expected. */
const readBy = (reading: (text: string) => Parsed<string>) =>
  z.string().transform((text, context) => {
    const read = reading(text);
    if (read.ok) return read.value;
    context.issues.push({ code: "custom", message: read.problem, input: text });
    return z.NEVER;
  });

const namespaces = z.array(readBy(readNamespace)).min(1);

const Claim = z
  .strictObject({
    namespaces,
    hosts: z.array(readBy(readHost)).min(1),
    paths: z.array(readBy(readPath)).min(1).optional(),
  })
  .transform(({ paths = ["/"], ...rest }) => ({ ...rest, paths }));

const Route = z.strictObject({ namespaces, most: z.int().min(0) });

const Origin = z
  .strictObject({ namespaces, addresses: z.array(readBy(readOrigin)) })
  .transform(({ addresses, ...rest }) => ({
    ...rest,
    ranges: addresses.filter((text) => parseRange(text).ok),
    names: addresses.filter((text) => !parseRange(text).ok),
  }));

const Document = z
  .strictObject({
    claims: z.array(Claim).optional(),
    routes: z.array(Route).optional(),
    origins: z.array(Origin).optional(),
  })
  .transform(
    ({ claims, routes = [], origins }): Permits => ({
      claims,
      routes,
      origins: origins ? { type: "listed", entries: origins } : DEFAULT_PERMITS.origins,
    }),
  );

/** Reads a document of permits, YAML or JSON. One that is empty is refused, since a list that got lost would permit all. */
export function readPermits(text: string): Parsed<Permits> {
  const written = documentIn(text);
  if (!written.ok) return written;
  const read = Document.safeParse(written.value);
  if (read.success) return parsed(read.data);
  const issue = read.error.issues[0];
  return refused(`${fieldOf(issue?.path ?? [])}: ${issue?.message ?? "cannot be read"}`);
}

function documentIn(text: string): Parsed<unknown> {
  const documents = parseAllDocuments(text);
  const [document, ...others] = Array.isArray(documents) ? documents : [];
  if (!document || others.length > 0) return refused("expected one document with claims, routes or origins");
  const error = document.errors[0];
  if (error) return refused(error.message.split("\n")[0] ?? "cannot be read");
  try {
    return parsed(document.toJS() as unknown);
  } catch (thrown) {
    return refused(thrown instanceof Error ? thrown.message : String(thrown)); // aliases that grow without end
  }
}

function readNamespace(text: string): Parsed<string> {
  const isName = /^(?:[a-z0-9](?:[-a-z0-9]*[a-z0-9])?|(?:[a-z0-9][-a-z0-9]*)?\*)$/.test(text);
  return isName ? parsed(text) : refused(`expected a namespace, or its start and "*", got "${text}"`);
}

function readHost(text: string): Parsed<string> {
  if (text === ANY_HOST) return parsed(text);
  const host = parseHost(text);
  // An empty text would be any host.
  if (host.ok && text !== "") return host;
  return refused(`expected a host such as "shop.example.com", "*.example.com" or "*", got "${text}"`);
}

function readPath(text: string): Parsed<string> {
  const path = decodePath(text).replace(/\/$/, "") || "/";
  const isPath = text.startsWith("/") && text.isWellFormed() && !/[\x00-\x1f\x7f]|\/\/|\/\.{1,2}(?:\/|$)/.test(path);
  return isPath ? parsed(path) : refused(`expected a path such as "/cart", got "${text}"`);
}

function readOrigin(text: string): Parsed<string> {
  if (parseRange(text).ok) return parsed(text);
  const host = parseHost(text);
  // Of what looks like an address or a range, none that cannot be read is a name.
  if (host.ok && /(^|\.)[a-z][-a-z0-9]*$/.test(host.value)) return host;
  return refused(`expected an address, a range such as "203.0.113.0/24" or a name, got "${text}"`);
}

function fieldOf(path: readonly PropertyKey[]): string {
  const field = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  return field.replace(/^\./, "") || "(document)";
}
