import { readFileSync } from "node:fs";
import { UsageError } from "../runtime/usage-error.ts";
import { CONTROLLER_VARIABLES, type Environment } from "./help/environment-variables.ts";

/**
 * Adds the variables that `<NAME>_FILE` sets to the trimmed content of a file, so that no secret has to be in the environment.
 * Throws a `UsageError` if both are set, or if the file is unreadable or empty.
 */
export function readEnvironmentFiles(environment: Environment): Environment {
  const entries = Object.entries(CONTROLLER_VARIABLES).flatMap(([name, row]) => {
    const path = environment[`${name}_FILE`];
    if (!("file" in row) || !path) return [];
    if (environment[name]) throw new UsageError(`${name} and ${name}_FILE are mutually exclusive. Set one of them`);
    return [[name, readValue(`${name}_FILE`, path)]];
  });
  return { ...environment, ...Object.fromEntries(entries) };
}

function readValue(variable: string, path: string): string {
  const value = readText(variable, path).trim();
  if (value === "") throw new UsageError(`${variable} is empty: ${path}. Write the value to this file`);
  return value;
}

function readText(variable: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`${variable} is not readable: ${path} (${code}). Set the path of a readable file`);
  }
}
