import { createHash } from "node:crypto";
import type { Log, ReportingDescriptor, Result } from "sarif";
import packageJson from "../../../package.json" with { type: "json" };
import { diagnosticReasons } from "../../compile/diagnostic-reasons.ts";
import type { Finding, FindingKind } from "../findings/finding.ts";
import { lintRules } from "../findings/lint-rules.ts";
import type { LintReport, ReportedFinding } from "../verdicts/report.ts";
import { formatUri, parseSource } from "./source-location.ts";
import { formatMessage, formatResponses } from "./words.ts";

const LEVELS: Readonly<Record<FindingKind, NonNullable<Result["level"]>>> = {
  error: "error",
  unsupported: "warning",
  different: "warning",
  note: "note",
  unchanged: "none",
};

/** Formats a report as SARIF 2.1.0, which code hosts show next to the lines. https://docs.oasis-open.org/sarif/sarif/v2.1.0/ */
export function buildSarif({ findings, causes }: LintReport): Log {
  const rules = [...new Map(causes.flatMap((cause) => cause.findings).map((finding) => [finding.rule, finding]))];
  const ids = rules.map(([id]) => id);
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "edgress",
            version: packageJson.version,
            rules: rules.map(([id, { kind }]) => buildRule(id, kind)),
          },
        },
        columnKind: "utf16CodeUnits",
        results: findings.map((finding) => buildResult(finding, ids.indexOf(finding.rule))),
      },
    ],
  };
}

/** Returns the description of a rule, and the section of the documentation about it. */
function buildRule(id: Finding["rule"], kind: FindingKind): ReportingDescriptor {
  const isReason = id in diagnosticReasons;
  const row = { ...lintRules, ...diagnosticReasons }[id];
  const page = isReason ? "docs/operations.md" : "docs/reference/lint-rules.md";
  const title = "title" in row ? `${row.title}.` : row.doc;
  return {
    id,
    shortDescription: { text: title },
    fullDescription: { text: row.doc },
    help: {
      text: `${row.doc} See ${page}, section ${id}.`,
      markdown: `${row.doc} See [${id}](${page}#${id.toLowerCase()}).`,
    },
    defaultConfiguration: { level: LEVELS[kind] },
  };
}

function buildResult(finding: ReportedFinding, ruleIndex: number): Result {
  const { rule, kind, object, place, remedy, url, nginx, edgress, hosts, isKnown } = finding;
  const source = parseSource(finding);
  const responses = formatResponses(finding);
  return {
    ruleId: rule,
    ruleIndex,
    kind: kind === "unchanged" ? "pass" : "fail",
    level: LEVELS[kind],
    message: {
      text: `${object}, ${place}: ${formatMessage(finding)}${responses === undefined ? "" : ` (${responses})`}`,
    },
    locations: [
      {
        ...(source && {
          physicalLocation: {
            artifactLocation: { uri: formatUri(source.path) },
            region: { startLine: source.line },
          },
        }),
        logicalLocations: [{ fullyQualifiedName: `${object} ${place}` }],
      },
    ],
    partialFingerprints: { "edgressFinding/v1": computeFingerprint(finding) },
    ...(isKnown && {
      baselineState: "unchanged",
      suppressions: [{ kind: "external", justification: "The baseline contains the finding." }],
    }),
    properties: {
      kind,
      hosts,
      ...(remedy !== undefined && { remedy }),
      ...(url !== undefined && { url, nginx, edgress }),
    },
  };
}

/** Returns a text that stays the same if lines move. */
function computeFingerprint({ rule, object, place }: ReportedFinding): string {
  return createHash("sha256")
    .update(JSON.stringify([object, rule, place]))
    .digest("hex")
    .slice(0, 32);
}
