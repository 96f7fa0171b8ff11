import { parsed } from "../parsed.ts";
import type { Annotation, AnnotationRow, Place } from "./define.ts";

/** What to do instead of writing nginx's configuration. */
export const SNIPPET_REMEDY =
  "say it with annotations, such as custom-headers, rewrite-target, permanent-redirect or proxy-read-timeout";

/** An annotation for something that the edge does not have. Its value is whether it asks for that at all. */
export interface Lacking extends Annotation<boolean> {
  /** What to do instead; in the documentation, a sentence. */
  readonly remedy: string;
}

/** Served without, and reported, where `isOn` says that the value asks for something. */
export function without<T>(annotation: Annotation<T>, isOn: (value: T) => boolean, remedy: string): Lacking {
  return lacking({ ...annotation, nearness: "no" }, isOn, remedy);
}

/** Not served without: to leave it out would be unsafe, or would answer something else than was asked for. */
export function never<T>(annotation: Annotation<T>, isOn: (value: T) => boolean, remedy: string): Lacking {
  return lacking({ ...annotation, nearness: "never" }, isOn, remedy);
}

function lacking<T>(annotation: Annotation<T>, isOn: (value: T) => boolean, remedy: string): Lacking {
  return {
    ...annotation,
    remedy,
    difference: `${remedy.charAt(0).toUpperCase()}${remedy.slice(1)}.`,
    parse: (text) => {
      const read = annotation.parse(text);
      return read.ok ? parsed(isOn(read.value)) : read;
    },
  };
}

/** Any text: nothing in it can be wrong, since nothing is made of it. */
export function anyText(row: AnnotationRow): Annotation<string> {
  return { ...row, parse: parsed };
}

export function isWritten(text: string): boolean {
  return text !== "";
}

/** For each annotation that asks for something: closes the route, or says that it serves without. */
export function reportLacking(
  rows: Readonly<Record<string, Lacking>>,
  asked: readonly string[],
  { close, warn }: Pick<Place, "close" | "warn">,
  problem = "it cannot be had at the edge",
): undefined {
  for (const name of asked) {
    const { nearness, remedy = "" } = rows[name] ?? {};
    if (nearness === "never") close(name, problem, remedy);
    else warn(name, `${problem}, which serves without`, remedy);
  }
  return undefined;
}
