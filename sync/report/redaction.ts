const REDACTED = "[redacted]";

// Fields whose values are nobody's business: "Authorization", "apiToken", "EDGRESS_SIGNING_KEY", the data of a Secret.
const SECRET_NAMES = [
  /authorization|token|passw|secret|credential|cookie|private/i,
  /(^|[^a-z])(api)?key$|^(string)?data$/i,
  /[a-z]Key$/,
];

// What is left of each is its first group.
const SECRET_TEXTS = [
  /(\bBearer\s+)[\w.~+/=-]{16,}/gi,
  /(\b(?:authorization|password|(?:x-)?(?:api|auth)-?key)["']?\s*[:=]\s*["']?(?:(?:Basic|Bearer|Digest)\s+)?)[^\s"',;]+/gi,
  /()\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, // a JSON Web Token, as ServiceAccounts have
  /(-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(?:-----END|$)/gs,
  /(:\/\/[^\s/@:"]*:)[^\s/@"]+(?=@)/g, // the password in a URL
  /([?&][\w-]*(?:token|key|secret|password|signature)=)[^&\s"']+/gi,
];
const SHORTEST_SECRET = 8; // a shorter one would be found in words that are none
const DEEPEST = 8;

/** A copy of a value to be logged, without anything secret. */
export type Redact = (value: unknown) => unknown;

/**
 * Takes secrets out of whatever is logged: fields that are named like one, texts that look like one, and `known`
 * secrets wherever they stand. Errors become their messages, since what else is in them may be a request's headers.
 */
export function redaction(known: readonly (string | undefined)[]): Redact {
  const secrets = known.filter((secret) => secret !== undefined).filter(({ length }) => length >= SHORTEST_SECRET);
  const clean = (text: string): string => {
    const unknown = secrets.reduce((left, secret) => left.replaceAll(secret, REDACTED), text);
    return SECRET_TEXTS.reduce((left, pattern) => left.replace(pattern, `$1${REDACTED}`), unknown);
  };
  return (value) => copyOf(value, clean, 0);
}

function copyOf(value: unknown, clean: (text: string) => string, depth: number): unknown {
  if (typeof value === "string") return clean(value);
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  if (value instanceof Error) return clean(messageOf(value));
  if (depth === DEEPEST || ArrayBuffer.isView(value)) return REDACTED;
  if (Array.isArray(value)) return value.map((item) => copyOf(item, clean, depth + 1));
  const copies = Object.entries(value).map(([name, item]) => [
    clean(name),
    isSecretName(name) ? REDACTED : copyOf(item, clean, depth + 1),
  ]);
  return Object.fromEntries(copies);
}

function isSecretName(name: string): boolean {
  return SECRET_NAMES.some((pattern) => pattern.test(name));
}

/** "fetch failed" says nothing without its cause, and a failed connection has a message for each address. */
function messageOf(error: Error, depth = 0): string {
  const { message, cause } = error;
  if (error instanceof AggregateError && message === "") return error.errors.map(String).join("; ");
  return cause instanceof Error && depth < DEEPEST ? `${message}: ${messageOf(cause, depth + 1)}` : message;
}
