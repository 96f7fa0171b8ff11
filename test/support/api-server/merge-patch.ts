/** Applies a JSON merge patch (RFC 7386). */
export function mergePatch(value: unknown, patchValue: unknown): unknown {
  if (!isFields(patchValue)) return patchValue;
  const result: Record<string, unknown> = isFields(value) ? { ...value } : {};
  for (const [name, part] of Object.entries(patchValue)) {
    if (part === null) delete result[name];
    else result[name] = mergePatch(result[name], part);
  }
  return result;
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
