import type { Finding } from "../findings/finding.ts";
import { type LintFile, STDIN_NAME } from "./read-files.ts";

const TEMPLATE_MESSAGE = "the file is a template of a Helm chart, not a manifest";
const TEMPLATE_REMEDY = "render the chart: helm template NAME CHART | edgress lint -";

/** Returns a finding for each file that is not readable. */
export function findUnparsableFiles(files: readonly LintFile[]): Finding[] {
  return files.flatMap((file): Finding[] => {
    if (!file.unparsableFile) return [];
    const { line, problem } = file.unparsableFile;
    const location = { object: `File ${file.path}`, field: "(file)", source: `${file.path}:${line}` };
    const text = isTemplate(file)
      ? { message: TEMPLATE_MESSAGE, remedy: TEMPLATE_REMEDY }
      : { message: problem, remedy: "correct the file; until then it is ignored" };
    return [{ ...location, rule: "InvalidManifest", kind: "error", ...text }];
  });
}

/** Returns a finding about an invalid object with the cause, if the object is a template that is valid YAML. */
export function explainTemplate(finding: Finding, files: readonly LintFile[]): Finding {
  if (finding.rule !== "InvalidObject") return finding;
  const file = files.find(({ path }) => finding.source.startsWith(`${path}:`));
  return file && isTemplate(file) ? { ...finding, message: TEMPLATE_MESSAGE, remedy: TEMPLATE_REMEDY } : finding;
}

function isTemplate({ path, text }: LintFile): boolean {
  return path !== STDIN_NAME && /\{\{-?\s*[.$\w"(/]/.test(text);
}
