/** Returns the number of slashes in a text. */
export function countSegments(text: string): number {
  let count = 0;
  for (let slash = text.indexOf("/"); slash !== -1; slash = text.indexOf("/", slash + 1)) count += 1;
  return count;
}

/** Returns the index after the first `segments` segments of a path. */
export function findSegmentsEnd(path: string, segments: number): number {
  let end = 0;
  for (let count = 0; count < segments; count++) {
    end = path.indexOf("/", end + 1);
    if (end < 0) return path.length;
  }
  return end;
}
