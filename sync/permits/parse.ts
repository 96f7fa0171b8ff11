import { parseAllDocuments } from "yaml";
import * as z from "zod";
import { parseIpRange } from "../../src/rules/addresses.ts";
import { errorMessage } from "../../src/rules/error-message.ts";
import { CATCH_ALL_HOST, parseHost } from "../../src/rules/hosts.ts";
import { decodePath } from "../../src/rules/paths.ts";
import { failure, type Result, success } from "../../src/rules/result.ts";
import { formatFieldPath } from "../collect/field-path.ts";
import { describePermitsIssue } from "./describe-issue.ts";
import { DEFAULT_PERMITS, type Permits } from "./model.ts";

// Strict: an unknown field or a null list is an error, because ignoring it could permit more than intended.

/** Creates a schema for texts that `parse` accepts. */
const createTextSchema = (parse: (text: string) => Result<string>) =>
  z.string().transform((text, context) => {
    const result = parse(text);
    if (result.ok) return result.value;
    context.issues.push({ code: "custom", message: result.problem, input: text });
    return z.NEVER;
  });

/** Namespace names, or prefixes with `*`: `shop`, `team-*`, `*`. */
const namespaces = z.array(createTextSchema(parseNamespacePattern)).min(1);

/** An entry of `claims`: the hosts and paths that the namespaces may use. */
const ClaimEntry = z
  .strictObject({
    namespaces,
    /** `shop.example.com`; `*.example.com` for all names below example.com; `*` for all hosts and for rules without a host. */
    hosts: z.array(createTextSchema(parseHostPattern)).min(1),
    /** `/cart` permits `/cart` and `/cart/7`. Defaults to `/`, the whole host. */
    paths: z.array(createTextSchema(parsePathPrefix)).min(1).optional(),
  })
  .transform(({ paths = ["/"], ...rest }) => ({ ...rest, paths }));

const limit = z.int().min(0).exactOptional();

/** An entry of `limits`. For each limit, the first entry that matches a namespace and sets it applies. */
const LimitEntrySchema = z.strictObject({
  namespaces,
  /** 50,000 if not set. */
  maxRoutes: limit,
  /** Paths that are regexes; 10,000 if not set. */
  maxRegexes: limit,
  /** Estimated bytes of its routes; 64 MiB if not set. */
  maxBytes: limit,
  /** Hosts that one Ingress names; 1,000 if not set. */
  maxIngressHosts: limit,
  /** Estimated bytes of the routes of one Ingress; 16 MiB if not set. */
  maxIngressBytes: limit,
});

/** An entry of `origins`: the addresses that the namespaces may use as origins. An empty list permits none. */
const OriginEntry = z
  .strictObject({
    namespaces,
    /** `203.0.113.10`, `203.0.113.0/24`, `lb.example.org`, or `*.elb.example.org` for all names below elb.example.org. */
    addresses: z.array(createTextSchema(parseOriginAddress)),
  })
  .transform(({ addresses, ...rest }) => ({
    ...rest,
    ranges: addresses.filter((text) => parseIpRange(text).ok),
    names: addresses.filter((text) => !parseIpRange(text).ok),
  }));

/** The document. Every field is optional, but the document must not be empty. */
const Document = z
  .strictObject({
    /** If missing, any namespace may claim any host. If set, all other claims are rejected. */
    claims: z.array(ClaimEntry).optional(),
    /** If missing, the default limits apply. */
    limits: z.array(LimitEntrySchema).optional(),
    /** If missing, all public addresses are permitted. If set, all others are rejected. */
    origins: z.array(OriginEntry).optional(),
  })
  .transform(
    ({ claims, limits = [], origins }): Permits => ({
      claims,
      limits,
      origins: origins ? { type: "listed", entries: origins } : DEFAULT_PERMITS.origins,
    }),
  );

/** Parses permits in YAML or JSON. An empty document is invalid, because a lost list would permit everything. */
export function parsePermits(text: string): Result<Permits> {
  const document = parseDocument(text);
  if (!document.ok) return document;
  const result = Document.safeParse(document.value, { reportInput: true });
  if (result.success) return success(result.data);
  const issue = result.error.issues[0];
  return failure(
    `${formatFieldPath(issue?.path ?? []) || "(document)"}: ${issue ? describePermitsIssue(issue) : "invalid"}`,
  );
}

function parseDocument(text: string): Result<unknown> {
  const documents = parseAllDocuments(text);
  const [document, ...otherDocuments] = Array.isArray(documents) ? documents : [];
  if (!document || otherDocuments.length > 0) return failure("must be one document with claims, limits or origins");
  const error = document.errors[0];
  if (error) return failure(error.message.split("\n")[0] ?? "invalid YAML");
  try {
    return success(document.toJS() as unknown);
  } catch (exception) {
    return failure(errorMessage(exception)); // too many YAML aliases
  }
}

function parseNamespacePattern(text: string): Result<string> {
  const isName = /^(?:[a-z0-9](?:[-a-z0-9]*[a-z0-9])?|(?:[a-z0-9][-a-z0-9]*)?\*)$/.test(text);
  return isName
    ? success(text)
    : failure(`namespace is invalid: "${text}". Use a name such as "shop" or a prefix such as "team-*"`);
}

function parseHostPattern(text: string): Result<string> {
  if (text === CATCH_ALL_HOST) return success(text);
  const host = parseHost(text);
  // An empty text would match all hosts.
  if (host.ok && text !== "") return host;
  return failure(`host is invalid: "${text}". Use a name such as "shop.example.com", "*.example.com" or "*"`);
}

function parsePathPrefix(text: string): Result<string> {
  const path = decodePath(text).replace(/\/$/, "") || "/";
  const isPath = text.startsWith("/") && text.isWellFormed() && !/[\x00-\x1f\x7f]|\/\/|\/\.{1,2}(?:\/|$)/.test(path);
  return isPath ? success(path) : failure(`path is invalid: "${text}". Use a path such as "/cart"`);
}

function parseOriginAddress(text: string): Result<string> {
  if (parseIpRange(text).ok) return success(text);
  const host = parseHost(text);
  // A name ends with a label that starts with a letter, so an invalid address or range is never a name.
  if (host.ok && /(^|\.)[a-z][-a-z0-9]*$/.test(host.value)) return host;
  return failure(
    `address is invalid: "${text}". Use an address such as "203.0.113.10", a range such as "203.0.113.0/24" or a host name`,
  );
}
