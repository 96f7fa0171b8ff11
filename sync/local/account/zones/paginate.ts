import type { ApiReply } from "../api-types.ts";

export interface PageLimits {
  readonly minSize: number;
  readonly maxSize: number;
  readonly defaultSize: number;
}

/** Returns a page of a list by the query's `page` and `per_page`, or an error if they are outside the limits. */
export function paginate(
  items: readonly object[],
  query: URLSearchParams,
  { minSize, maxSize, defaultSize }: PageLimits,
): ApiReply {
  const page = Number(query.get("page") ?? 1);
  const size = Number(query.get("per_page") ?? defaultSize);
  if (!Number.isInteger(page) || page < 1) return rejectParameter("page", "at least 1");
  if (!Number.isInteger(size) || size < minSize || size > maxSize)
    return rejectParameter("per_page", `${minSize} to ${maxSize}`);
  const result = items.slice((page - 1) * size, page * size);
  return {
    result,
    resultInfo: {
      page,
      per_page: size,
      count: result.length,
      total_count: items.length,
      total_pages: Math.ceil(items.length / size),
    },
  };
}

// The real code is not known.
function rejectParameter(name: string, expected: string): ApiReply {
  return { status: 400, code: 6003, message: `Invalid query parameter ${name}: expected ${expected}` };
}
