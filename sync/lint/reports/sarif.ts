import type { Log, ReportingDescriptor, Result } from "sarif";
import type { Finding, FindingKind } from "../findings/finding.ts";

const LEVELS: Readonly<Record<FindingKind, NonNullable<Result["level"]>>> = {
  error: "error",
  unsupported: "warning",
  different: "warning",
  note: "note",
  unchanged: "none",
};

/** Formats findings as SARIF 2.1.0, which code hosts show next to the lines. https://docs.oasis-open.org/sarif/sarif/v2.1.0/ */
export function buildSarif(findings: readonly Finding[]): Log {
  const ids = [...new Set(findings.map(({ rule }) => rule))];
  const rules = ids.map((id): ReportingDescriptor => ({ id }));
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [{ tool: { driver: { name: "edgress", rules } }, results: findings.map(buildResult) }],
  };
}

function buildResult({ rule, kind, object, field, source, message, url, nginx, edgress }: Finding): Result {
  const [, file = source, line = "1"] = /^(.*):(\d+)$/.exec(source) ?? [];
  return {
    ruleId: rule,
    kind: kind === "unchanged" ? "pass" : "fail",
    level: LEVELS[kind],
    message: { text: `${object} ${field}: ${message}` },
    locations: [
      {
        physicalLocation: { artifactLocation: { uri: encodeURI(file) }, region: { startLine: Number(line) } },
        logicalLocations: [{ fullyQualifiedName: `${object} ${field}` }],
      },
    ],
    properties: { kind, ...(url !== undefined && { url, nginx, edgress }) },
  };
}
