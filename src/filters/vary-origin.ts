/** Adds Origin to `Vary`, because the response depends on it. */
export function addVaryOrigin(headers: Headers): void {
  if (!/(^|,)\s*(origin|\*)\s*(,|$)/i.test(headers.get("Vary") ?? "")) headers.append("Vary", "Origin");
}
