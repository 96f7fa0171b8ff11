import assert from "node:assert/strict";

const MAX_LINE_CHARACTERS = 6000;
/** Errors of JavaScript that show an unchecked value. */
const PROGRAM_ERRORS =
  /^Cannot (read|convert|set|access|destructure)|is not (a function|iterable|defined|an object)|Maximum call stack|undefined \(|Invalid array length|\[object /;

/** Returns the value, or undefined if the reader refuses the input with a reason. Throws for any other error. */
export async function readOrRefuse<T>(read: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    assertRefusal(error);
    return undefined;
  }
}

/** Throws unless an error is a reason. It may have several lines, because it is logged as JSON. */
export function assertRefusal(error: unknown): void {
  assert.ok(error instanceof Error, `thrown: ${error}`);
  if (error.message === "" || PROGRAM_ERRORS.test(error.message)) throw error;
}

/** Throws unless a text is one line without a stack trace. */
export function assertOneLine(text: string, cause?: Error): void {
  const isReadable = text !== "" && text.length <= MAX_LINE_CHARACTERS && !/[\x00-\x1f\x7f]|\n\s+at /.test(text);
  if (!isReadable) throw new Error(`not one readable line: ${JSON.stringify(text.slice(0, 2000))}`, { cause });
}
