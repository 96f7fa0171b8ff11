import { parseAllDocuments } from "yaml";
import * as z from "zod";
import { parseIpRange } from "../../src/rules/addresses.ts";
import { CATCH_ALL_HOST, parseHost } from "../../src/rules/hosts.ts";
import { decodePath } from "../../src/rules/paths.ts";
import { failure, type Result, success } from "../../src/rules/result.ts";
import { DEFAULT_PERMITS, type Permits } from "./model.ts";

// Strict, unlike what is read of Kubernetes: a word that nobody knows, or a list that is not there, must not permit more.

/** A text that is read by `reading`, which says what it expected. */
const createTextSchema = (parse: (text: string) => Result<string>) =>
  z.string().transform((text, context) => {
    const result = parse(text);
    if (result.ok) return result.value;
    context.issues.push({ code: "custom", message: result.problem, input: text });
    return z.NEVER;
  });

const namespaces = z.array(createTextSchema(parseNamespacePattern)).min(1);

const ClaimEntry = z
  .strictObject({
    namespaces,
    hosts: z.array(createTextSchema(parseHostPattern)).min(1),
    paths: z.array(createTextSchema(parsePathPrefix)).min(1).optional(),
  })
  .transform(({ paths = ["/"], ...rest }) => ({ ...rest, paths }));

const RouteQuotaEntry = z.strictObject({ namespaces, maxRoutes: z.int().min(0) });

const OriginEntry = z
  .strictObject({ namespaces, addresses: z.array(createTextSchema(parseOriginAddress)) })
  .transform(({ addresses, ...rest }) => ({
    ...rest,
    ranges: addresses.filter((text) => parseIpRange(text).ok),
    names: addresses.filter((text) => !parseIpRange(text).ok),
  }));

const Document = z
  .strictObject({
    claims: z.array(ClaimEntry).optional(),
    limits: z.array(RouteQuotaEntry).optional(),
    origins: z.array(OriginEntry).optional(),
  })
  .transform(
    ({ claims, limits = [], origins }): Permits => ({
      claims,
      limits,
      origins: origins ? { type: "listed", entries: origins } : DEFAULT_PERMITS.origins,
    }),
  );

/** Reads a document of permits, YAML or JSON. One that is empty is refused, since a list that got lost would permit all. */
export function parsePermits(text: string): Result<Permits> {
  const document = parseDocument(text);
  if (!document.ok) return document;
  const result = Document.safeParse(document.value);
  if (result.success) return success(result.data);
  const issue = result.error.issues[0];
  return failure(`${formatField(issue?.path ?? [])}: ${issue?.message ?? "cannot be read"}`);
}

function parseDocument(text: string): Result<unknown> {
  const documents = parseAllDocuments(text);
  const [document, ...otherDocuments] = Array.isArray(documents) ? documents : [];
  if (!document || otherDocuments.length > 0) return failure("expected one document with claims, limits or origins");
  const error = document.errors[0];
  if (error) return failure(error.message.split("\n")[0] ?? "cannot be read");
  try {
    return success(document.toJS() as unknown);
  } catch (exception) {
    return failure(exception instanceof Error ? exception.message : String(exception)); // aliases that grow without end
  }
}

function parseNamespacePattern(text: string): Result<string> {
  const isName = /^(?:[a-z0-9](?:[-a-z0-9]*[a-z0-9])?|(?:[a-z0-9][-a-z0-9]*)?\*)$/.test(text);
  return isName ? success(text) : failure(`expected a namespace, or its start and "*", got "${text}"`);
}

function parseHostPattern(text: string): Result<string> {
  if (text === CATCH_ALL_HOST) return success(text);
  const host = parseHost(text);
  // An empty text would be any host.
  if (host.ok && text !== "") return host;
  return failure(`expected a host such as "shop.example.com", "*.example.com" or "*", got "${text}"`);
}

function parsePathPrefix(text: string): Result<string> {
  const path = decodePath(text).replace(/\/$/, "") || "/";
  const isPath = text.startsWith("/") && text.isWellFormed() && !/[\x00-\x1f\x7f]|\/\/|\/\.{1,2}(?:\/|$)/.test(path);
  return isPath ? success(path) : failure(`expected a path such as "/cart", got "${text}"`);
}

function parseOriginAddress(text: string): Result<string> {
  if (parseIpRange(text).ok) return success(text);
  const host = parseHost(text);
  // Of what looks like an address or a range, none that cannot be read is a name.
  if (host.ok && /(^|\.)[a-z][-a-z0-9]*$/.test(host.value)) return host;
  return failure(`expected an address, a range such as "203.0.113.0/24" or a name, got "${text}"`);
}

function formatField(path: readonly PropertyKey[]): string {
  const field = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  return field.replace(/^\./, "") || "(document)";
}
