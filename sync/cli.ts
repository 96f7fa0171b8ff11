#!/usr/bin/env node
import { constants } from "node:os";
import { CommanderError } from "commander";
import { createProgram } from "./commands/program.ts";
import { InterruptedError } from "./runtime/interrupted-error.ts";
import { toPrintableText } from "./runtime/printable-text.ts";
import { UsageError } from "./runtime/usage-error.ts";

const USAGE_EXIT_CODE = 2;

// A command that publishes must not end because the reader of its output has, as in `edgress publish | head`.
for (const stream of [process.stdout, process.stderr]) stream.on("error", ignoreClosedPipe);

await createProgram()
  .parseAsync()
  .catch((error: unknown) => {
    if (error instanceof CommanderError && error.exitCode === 0) return;
    if (error instanceof InterruptedError) exitAfterSignal(error);
    const isUsageError = error instanceof CommanderError || error instanceof UsageError;
    // Without a command, commander has printed the help already.
    const isPrinted = error instanceof CommanderError && error.code === "commander.help";
    if (!isPrinted) console.error(`edgress: ${formatErrorLine(error)}`);
    process.exitCode = isUsageError ? USAGE_EXIT_CODE : 1;
  });

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}

/** Prints the active generation, and exits as shells report a signal. Calls that are under way are left. */
function exitAfterSignal(error: InterruptedError): never {
  console.error(`edgress: ${formatErrorLine(error)}`);
  process.exit(128 + constants.signals[error.signalName as NodeJS.Signals]);
}

/** Formats an error as one line, for a log or a CI job. */
function formatErrorLine(error: unknown): string {
  const message = error instanceof Error ? error.message || error.name : String(error);
  return toPrintableText(
    message
      .replace(/^error: /, "")
      .replace(/\s+/g, " ")
      .trim(),
  );
}
