import type { Exchange } from "../../request/exchange.ts";
import { decodePath, encodePath, hasDotSegment, toByteString } from "../../rules/paths.ts";
import type { PathChange } from "../../rules/policies/route-filters.ts";

// All that a URL's path cannot have. Escapes are kept.
const INVALID_PATH_CHARACTERS = /[^\x21-\x7e]+|["#<>?\\^`{|}]+/g;

/** Returns a function from an exchange to its changed path, escaped and without query. */
export function createPathChange(change: PathChange): (exchange: Exchange) => string {
  switch (change.type) {
    case "full": {
      const path = escapePath(change.path) || "/";
      return () => path;
    }
    case "prefix": {
      const match = trimSlashes(change.match);
      const matchedBytes = toByteString(decodePath(match)).length;
      const replacement = trimSlashes(escapePath(change.replacement));
      return (exchange) => replacement + (findRawRest(exchange, match) ?? encodeRest(exchange, matchedBytes)) || "/";
    }
  }
}

/** Returns the rest of the path as the client wrote it; undefined if its escapes or slashes hide the matched prefix. */
function findRawRest({ rawPath }: Exchange, match: string): string | undefined {
  if (!rawPath.startsWith(match) || rawPath.includes("//") || hasDotSegment(rawPath)) return undefined;
  const rest = rawPath.slice(match.length);
  return rest === "" || rest.startsWith("/") ? escapePath(rest) : undefined;
}

function encodeRest({ path = "/" }: Exchange, matchedBytes: number): string {
  return encodePath(path.slice(matchedBytes));
}

function escapePath(path: string): string {
  const escapedPath = path.toWellFormed().replace(INVALID_PATH_CHARACTERS, encodeURIComponent);
  return escapedPath === "" || escapedPath.startsWith("/") ? escapedPath : `/${escapedPath}`;
}

function trimSlashes(path: string): string {
  let end = path.length;
  while (path[end - 1] === "/") end--;
  return path.slice(0, end);
}
