import type { Environment } from "./help/environment-variables.ts";

const DEFAULT_COLUMNS = 100;
const MAX_COLUMNS = 120; // longer lines are hard to read
const MIN_COLUMNS = 60;

/** An output stream that may be a terminal. */
interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly hasColors?: (count?: number) => boolean;
}

/** The size and colors of an output. */
export interface TerminalSettings {
  readonly width: number;
  readonly useColors: boolean;
}

/** Reads the width of a terminal, from `COLUMNS` otherwise, and whether to use colors: https://no-color.org/ */
export function readTerminal(stream: OutputStream, { COLUMNS, NO_COLOR, FORCE_COLOR }: Environment): TerminalSettings {
  const columns = stream.columns || Number(COLUMNS) || DEFAULT_COLUMNS;
  const width = Math.min(Math.max(columns, MIN_COLUMNS), MAX_COLUMNS);
  if (NO_COLOR) return { width, useColors: false };
  if (FORCE_COLOR) return { width, useColors: FORCE_COLOR !== "0" };
  return { width, useColors: stream.isTTY === true && (stream.hasColors?.(16) ?? false) };
}
