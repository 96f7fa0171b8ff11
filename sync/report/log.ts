import { type DestinationStream, type Logger, pino, stdTimeFunctions } from "pino";
import { diagnosticReasons, type Severity } from "../compile/diagnostic-reasons.ts";
import { type Diagnostic, formatDiagnostic } from "../compile/diagnostics.ts";
import { toPrintableText } from "../runtime/printable-text.ts";
import { createRedactor } from "./redact.ts";

export type { Logger } from "pino";

export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const LEVEL_BY_SEVERITY = { error: "error", warning: "warn", note: "info" } as const satisfies Record<
  Severity,
  LogLevel
>;

export interface LogOptions {
  readonly level: LogLevel;
  /** Secrets of this process. They are redacted everywhere in the log. */
  readonly secrets: readonly (string | undefined)[];
}

/** Creates a log of JSON lines, by default on standard output. Values that look like secrets are redacted. */
export function createLogger({ level, secrets }: LogOptions, stream: DestinationStream = process.stdout): Logger {
  const redact = createRedactor(secrets);
  return pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => redact(fields) as Record<string, unknown>, // the redacted copy of an object is an object
      },
      serializers: { err: redact },
      // Redacts the final line again, because it contains the message, its arguments and fields of child loggers.
      hooks: { streamWrite: (line) => `${toPrintableText(JSON.stringify(redact(JSON.parse(line))))}\n` },
    },
    stream,
  );
}

/** Log record of a diagnostic. */
export interface DiagnosticRecord {
  readonly level: (typeof LEVEL_BY_SEVERITY)[Severity];
  readonly fields: Pick<Diagnostic, "object" | "field" | "reason" | "problem" | "remedy">;
  readonly msg: string;
}

export function buildLogRecord(diagnostic: Diagnostic): DiagnosticRecord {
  const { object, field, reason, problem, remedy } = diagnostic;
  return {
    level: LEVEL_BY_SEVERITY[diagnosticReasons[reason].severity],
    fields: { object, field, reason, problem, remedy },
    msg: formatDiagnostic(diagnostic),
  };
}

export function logDiagnostic(log: Logger, diagnostic: Diagnostic): void {
  const { level, fields, msg } = buildLogRecord(diagnostic);
  log[level](fields, msg);
}
