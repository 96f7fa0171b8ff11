import type { SearchFailure, SearchResult } from "./run-property.ts";

const NAME_WIDTH = 36;
const MAX_INPUT_CHARACTERS = 4000;

/** Formats the result of a property as one line. */
export function formatResult(target: string, { name, inputs, milliseconds, failure }: SearchResult): string {
  const seconds = (milliseconds / 1000).toFixed(1);
  return `${failure ? "FAILED" : "ok    "} ${`${target}/${name}`.padEnd(NAME_WIDTH)} inputs=${inputs} seconds=${seconds}`;
}

/** Formats a failing input, its error and the command that runs it again. */
export function formatFailure(target: string, property: string, { seed, path, input, error }: SearchFailure): string {
  const shownInput = input.length > MAX_INPUT_CHARACTERS ? `${input.slice(0, MAX_INPUT_CHARACTERS)}…` : input;
  return [
    `  input: ${shownInput}`,
    `  error: ${error.replaceAll("\n", "\n    ")}`,
    `  again: npm run fuzz -- --target ${target}/${property} --seed ${seed} --path ${path}`,
    "",
  ].join("\n");
}
