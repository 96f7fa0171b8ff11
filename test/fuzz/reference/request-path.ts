// A second implementation of the edge's path and host normalization, written from the documentation, over bytes.

const [SLASH, PERCENT] = [0x2f, 0x25];

/** Returns the bytes of a request's path as the edge matches it, one character a byte. Undefined if it must be a 400. */
export function resolveRequestPath(rawPath: string): string | undefined {
  const decoded = decodeEscapes(Buffer.from(rawPath.toWellFormed(), "utf8"));
  if (decoded === undefined || decoded.includes(0)) return undefined;
  const segments = splitSegments(decoded);
  const stack = resolveSegments(segments);
  if (!stack) return undefined;
  const endsWithSlash = ["", ".", ".."].includes(segments.at(-1) ?? "");
  return stack.length === 0 ? "/" : `/${stack.join("/")}${endsWithSlash ? "/" : ""}`;
}

function splitSegments(bytes: Buffer): string[] {
  const segments: string[] = [];
  for (let start = 0; start <= bytes.length; ) {
    const slash = bytes.indexOf(SLASH, start);
    const end = slash === -1 ? bytes.length : slash;
    segments.push(bytes.subarray(start, end).toString("latin1"));
    start = end + 1;
  }
  return segments;
}

/** Returns undefined for ".." above the root. */
function resolveSegments(segments: readonly string[]): string[] | undefined {
  const stack: string[] = [];
  for (const segment of segments) {
    if (segment !== ".." && segment !== "." && segment !== "") stack.push(segment);
    if (segment === ".." && stack.pop() === undefined) return undefined;
  }
  return stack;
}

function decodeEscapes(bytes: Buffer): Buffer | undefined {
  const decoded: number[] = [];
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] ?? 0;
    if (byte !== PERCENT) {
      decoded.push(byte);
      continue;
    }
    const hex = bytes.subarray(index + 1, index + 3).toString("latin1");
    if (!/^[0-9a-fA-F]{2}$/.test(hex)) return undefined;
    decoded.push(Number.parseInt(hex, 16));
    index += 2;
  }
  return Buffer.from(decoded);
}

/** Returns the host in a Host header: lower case, without the port and one final dot. */
export function resolveRequestHost(header: string): string {
  const lower = header.toLowerCase();
  const colon = lower.lastIndexOf(":");
  const port = lower.slice(colon + 1);
  const isPort = colon !== -1 && [...port].every((character) => character >= "0" && character <= "9");
  const name = isPort ? lower.slice(0, colon) : lower;
  return name.endsWith(".") ? name.substring(0, name.length - 1) : name;
}
