import { relative, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import type { Finding } from "../findings/finding.ts";

/** A position in a file. */
export interface SourceLocation {
  /** Relative to the working directory if the file is below it, else absolute; with `/` between folders. */
  readonly path: string;
  readonly line: number;
}

/** Returns the file and line of a finding; undefined for an object of a cluster. */
export function parseSource({ source }: Pick<Finding, "source">): SourceLocation | undefined {
  const [, path, line] = /^(.*):(\d+)$/.exec(source) ?? [];
  return path === undefined ? undefined : { path: shortenPath(path), line: Number(line) };
}

/** Returns a path as a URI reference: relative below the working directory, else a `file:` URI. */
export function formatUri(path: string): string {
  if (isOutside(path)) return pathToFileURL(path).href;
  return path.split("/").map(encodeURIComponent).join("/");
}

function shortenPath(path: string): string {
  const shortPath = relative(process.cwd(), resolve(path)).split(sep).join("/");
  return isOutside(shortPath) ? resolve(path) : shortPath;
}

function isOutside(path: string): boolean {
  return path === ".." || path.startsWith("../") || resolve(path) === path;
}
