import { success } from "../result.ts";
import type { Annotation, AnnotationRow, PolicyContext } from "./policy.ts";

/** What to do instead of writing nginx's configuration. */
export const SNIPPET_REMEDY =
  "say it with annotations, such as custom-headers, rewrite-target, permanent-redirect or proxy-read-timeout";

/** An annotation for something that the edge does not have. Its value is whether it asks for that at all. */
export interface UnsupportedAnnotation extends Annotation<boolean> {
  /** What to do instead; in the documentation, a sentence. */
  readonly remedy: string;
}

/** Served without, and reported, where `isOn` says that the value asks for something. */
export function ignoredAnnotation<T>(
  annotation: Annotation<T>,
  isOn: (value: T) => boolean,
  remedy: string,
): UnsupportedAnnotation {
  return unsupportedAnnotation({ ...annotation, support: "ignored" }, isOn, remedy);
}

/** Not served without: to leave it out would be unsafe, or would answer something else than was asked for. */
export function failClosedAnnotation<T>(
  annotation: Annotation<T>,
  isOn: (value: T) => boolean,
  remedy: string,
): UnsupportedAnnotation {
  return unsupportedAnnotation({ ...annotation, support: "fail-closed" }, isOn, remedy);
}

function unsupportedAnnotation<T>(
  annotation: Annotation<T>,
  isOn: (value: T) => boolean,
  remedy: string,
): UnsupportedAnnotation {
  return {
    ...annotation,
    remedy,
    difference: `${remedy.charAt(0).toUpperCase()}${remedy.slice(1)}.`,
    parse: (text) => {
      const result = annotation.parse(text);
      return result.ok ? success(isOn(result.value)) : result;
    },
  };
}

/** Any text: nothing in it can be wrong, since nothing is made of it. */
export function anyText(row: AnnotationRow): Annotation<string> {
  return { ...row, parse: success };
}

export function isNonEmpty(text: string): boolean {
  return text !== "";
}

/** For each annotation that asks for something: closes the route, or says that it serves without. */
export function reportUnsupported(
  rows: Readonly<Record<string, UnsupportedAnnotation>>,
  names: readonly string[],
  { failClosed, warn }: Pick<PolicyContext, "failClosed" | "warn">,
  problem = "it cannot be had at the edge",
): undefined {
  for (const name of names) {
    const { support, remedy = "" } = rows[name] ?? {};
    if (support === "fail-closed") failClosed(name, problem, remedy);
    else warn(name, `${problem}, which serves without`, remedy);
  }
  return undefined;
}
