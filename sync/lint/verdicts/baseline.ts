import * as z from "zod";
import { compareText } from "../../../src/rules/compare-text.ts";
import { failure, type Result, success } from "../../../src/rules/result.ts";
import { FINDING_KINDS } from "../findings/finding.ts";
import type { ReportedFinding } from "./report.ts";

/** A finding in a baseline. Lines and messages are not a part of it, so that unrelated changes do not concern it. */
const BaselineEntry = z.object({ rule: z.string(), object: z.string(), place: z.string() });
type BaselineEntry = z.infer<typeof BaselineEntry>;

const BaselineFile = z.object({ version: z.literal(1), findings: z.array(BaselineEntry) });

/** The known findings, which do not fail a check. */
export interface Baseline {
  readonly contains: (finding: BaselineEntry) => boolean;
  /** Returns the number of known findings that are not in a list. */
  readonly countFixed: (findings: readonly BaselineEntry[]) => number;
}

export const EMPTY_BASELINE: Baseline = { contains: () => false, countFixed: () => 0 };

/** Parses the text of a baseline file. */
export function parseBaseline(text: string): Result<Baseline> {
  const parsed = BaselineFile.safeParse(parseJsonText(text));
  if (!parsed.success) return failure(`expected a file of --write-baseline: ${parsed.error.issues[0]?.message}`);
  const keys = new Set(parsed.data.findings.map(buildKey));
  return success({
    contains: (finding) => keys.has(buildKey(finding)),
    countFixed: (findings) => {
      const currentKeys = new Set(findings.map(buildKey));
      return [...keys].filter((key) => !currentKeys.has(key)).length;
    },
  });
}

/** Formats all findings that can fail a check as a baseline file, sorted and each once. */
export function formatBaseline(findings: readonly ReportedFinding[]): string {
  const failableFindings = findings.filter(({ kind }) => FINDING_KINDS.indexOf(kind) < FINDING_KINDS.indexOf("note"));
  const entries = new Map(
    failableFindings.map(({ rule, object, place }) => [buildKey({ rule, object, place }), { rule, object, place }]),
  );
  const sortedEntries = [...entries].toSorted(([a], [b]) => compareText(a, b)).map(([, entry]) => entry);
  return `${JSON.stringify({ version: 1, findings: sortedEntries }, null, 2)}\n`;
}

function buildKey({ rule, object, place }: BaselineEntry): string {
  return JSON.stringify([object, rule, place]);
}

function parseJsonText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
