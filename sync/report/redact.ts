const REDACTED = "[redacted]";

// Names of fields with secret values: "Authorization", "apiToken", "EDGRESS_SIGNING_KEY", the data of a Secret.
const SECRET_NAME_PATTERNS = [
  /authorization|token|passw|secret|credential|cookie|private/i,
  /(^|[^a-z])(api)?key$|^(string)?data$/i,
  /[a-z]Key$/,
];

// The first group is kept; the rest is replaced.
const SECRET_TEXT_PATTERNS = [
  /(\bBearer\s+)[\w.~+/=-]{16,}/gi,
  /(-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(?:-----END|$)/gs,
  /(:\/\/[^\s/@:"]*:)[^\s/@"]+(?=@)/g, // the password in a URL
  /([?&][\w-]*(?:token|key|secret|password|signature)=)[^&\s"']+/gi,
];
// A name, and the rest of its line up to a quote or separator.
const NAMED_TEXT_PATTERN = /((?:authorization|password|(?:api|auth)-?key)["']?\s*[:=]\s*["']?)([^"',;\n]+)/gi;
const MIN_SECRET_LENGTH = 8; // a shorter secret could match ordinary words
const MAX_DEPTH = 8;

/** Copies a value to log, without secrets. */
export type Redactor = (value: unknown) => unknown;

/**
 * Creates a redactor. It replaces fields with secret names, texts that look like secrets, and known secrets. An error
 * becomes its message, because its other fields may contain the headers of a request.
 */
export function createRedactor(knownSecrets: readonly (string | undefined)[]): Redactor {
  const secrets = knownSecrets
    .filter((secret) => secret !== undefined)
    .filter(({ length }) => length >= MIN_SECRET_LENGTH);
  const redactText = (text: string): string => {
    const withoutKnownSecrets = secrets.reduce((result, secret) => result.replaceAll(secret, REDACTED), text);
    return SECRET_TEXT_PATTERNS.reduce(
      (result, pattern) => result.replace(pattern, `$1${REDACTED}`),
      withoutKnownSecrets.replace(NAMED_TEXT_PATTERN, redactNamedText).replace(/[\w.-]+/g, redactJsonWebToken),
    );
  };
  return (value) => copyRedacted(value, redactText, 0);
}

function copyRedacted(value: unknown, redactText: (text: string) => string, depth: number): unknown {
  if (typeof value === "string") return redactText(value);
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  if (value instanceof Error) return redactText(formatErrorMessage(value));
  if (depth === MAX_DEPTH || ArrayBuffer.isView(value)) return REDACTED;
  if (Array.isArray(value)) return value.map((item) => copyRedacted(item, redactText, depth + 1));
  const copies = Object.entries(value).map(([name, item]) => [
    redactText(name),
    isSecretName(name) ? REDACTED : copyRedacted(item, redactText, depth + 1),
  ]);
  return Object.fromEntries(copies);
}

/** Replaces the first word of a text, after the name of an authentication scheme. */
function redactNamedText(_: string, name: string, text: string): string {
  const [scheme] = /^(?:(?:Basic|Bearer|Digest)\s+)?/i.exec(text) ?? [""];
  return name + scheme + text.slice(scheme.length).replace(/^\S+/, REDACTED);
}

/** Replaces a JSON Web Token, as of a ServiceAccount. It has three parts, and the first is an object in base64. */
function redactJsonWebToken(word: string): string {
  const start = word.search(/\beyJ/);
  return start >= 0 && word.slice(start).split(".").length > 2 ? word.slice(0, start) + REDACTED : word;
}

function isSecretName(name: string): boolean {
  return SECRET_NAME_PATTERNS.some((pattern) => pattern.test(name));
}

/** Adds the causes, because "fetch failed" alone is useless. A failed connection has one message per address. */
function formatErrorMessage(error: Error, depth = 0): string {
  const { message, cause } = error;
  if (error instanceof AggregateError && message === "") return error.errors.map(String).join("; ");
  return cause instanceof Error && depth < MAX_DEPTH ? `${message}: ${formatErrorMessage(cause, depth + 1)}` : message;
}
