import { success } from "../result.ts";
import type { Annotation, AnnotationRow, PolicyContext } from "./policy.ts";

/** An annotation that the edge does not support. Its value is whether it has an effect in ingress-nginx. */
export interface UnsupportedAnnotation extends Annotation<boolean> {
  /** The alternative. In the documentation it is a sentence. */
  readonly remedy: string;
}

/** An annotation that is ignored and reported if `isOn` returns true for its value. */
export function ignoredAnnotation<T>(
  annotation: Annotation<T>,
  isOn: (value: T) => boolean,
  remedy: string,
): UnsupportedAnnotation {
  return unsupportedAnnotation({ ...annotation, support: "ignored" }, isOn, remedy);
}

/** An annotation that closes the route if `isOn` returns true, because ignoring it would be unsafe or wrong. */
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

/** Any text. It is never invalid, because it is not used. */
export function anyText(row: AnnotationRow): Annotation<string> {
  return { ...row, parse: success };
}

export function isNonEmpty(text: string): boolean {
  return text !== "";
}

/** Closes the route for each annotation, or reports that it is ignored. */
export function reportUnsupported(
  rows: Readonly<Record<string, UnsupportedAnnotation>>,
  names: readonly string[],
  { failClosed, warn }: Pick<PolicyContext, "failClosed" | "warn">,
  problem = "unsupported annotation",
): undefined {
  for (const name of names) {
    const { support, remedy = "" } = rows[name] ?? {};
    if (support === "fail-closed") failClosed(name, problem, remedy);
    else warn(name, `${problem}; it is ignored`, remedy);
  }
  return undefined;
}
