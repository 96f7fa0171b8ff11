import { stat } from "node:fs/promises";
import { posix } from "node:path";
import { text } from "node:stream/consumers";
import { errorMessage } from "../../src/rules/error-message.ts";
import { ROOT_ZONE } from "../../src/rules/hosts.ts";
import type { Cluster } from "../collect/cluster-model.ts";
import { type Manifests, parseManifest, readManifests, type UnparsableFile } from "../collect/manifests.ts";
import { parseCluster, type RawObject } from "../collect/parse-objects.ts";
import type { Options } from "../compile/options.ts";
import { formatClassHint } from "../explain/class-hint.ts";
import { createPlaintextSealer } from "../explain/plaintext-sealer.ts";
import { type Finding, sortFindings } from "../lint/findings/finding.ts";
import type { CloudflarePlan } from "../lint/knowledge/cloudflare-limits.ts";
import { lint } from "../lint/lint.ts";
import { applyNginxConfigMap } from "../lint/nginx-config-map/apply-config-map.ts";
import { formatJunit } from "../lint/reports/junit.ts";
import { buildSarif } from "../lint/reports/sarif.ts";
import { formatTable } from "../lint/reports/text-output.ts";
import { writeServices } from "../lint/services/write-services.ts";
import { ALLOW_ALL } from "../permits/model.ts";
import { createRegexLookup } from "../regex-check/regex-lookup.ts";
import { UsageError } from "../runtime/usage-error.ts";
import { loadNginxConfigMap } from "./nginx-config-map.ts";

export const STDIN = "-";
/** File name of standard input in reports. */
const STDIN_NAME = "stdin";

export interface LintOptions extends Omit<Options, "regexVerdicts" | "tokenizeSecret" | "permits"> {
  readonly json?: boolean;
  readonly sarif?: boolean;
  readonly junit?: boolean;
  /** File with the ConfigMap of ingress-nginx. */
  readonly nginxConfigmap?: string;
  /** Plan of the zone. */
  readonly plan?: CloudflarePlan;
  /** Folder for the manifests of Services that need a change. */
  readonly writeServices?: string;
}

/** The output of `edgress lint`. The exit code is 1 if an error closes or removes a route. */
export interface LintResult {
  readonly lines: readonly string[];
  /** Hint for standard error; not a part of the report. */
  readonly hint: string | undefined;
  readonly exitCode: 0 | 1;
}

/** Lints a folder of manifests, or `input` if the folder is "-". Rejects with a `UsageError` if it is not readable. */
export async function runLint(
  folder: string,
  options: LintOptions,
  input: AsyncIterable<Buffer | string>,
): Promise<LintResult> {
  const { json = false, sarif = false, junit = false } = options;
  if (Number(json) + Number(sarif) + Number(junit) > 1) {
    throw new UsageError("--json, --sarif and --junit are mutually exclusive. Set one of them");
  }
  const { files, unparsableFiles } = await readInput(folder, input);
  const manifests = parseCluster([...files.values()].flat());
  const zones = options.zones.length > 0 ? options.zones : [ROOT_ZONE];
  const { tokenizeSecret } = createPlaintextSealer();
  const compileOptions = { ...options, zones, regexVerdicts: createRegexLookup(), tokenizeSecret, permits: ALLOW_ALL };
  const configMap = await loadNginxConfigMap(options.nginxConfigmap, manifests.configMaps);
  const settings = configMap && applyNginxConfigMap(manifests, configMap, compileOptions, options.plan ?? "free");
  const cluster = settings?.cluster ?? manifests;
  const manifestFindings = [...(settings?.findings ?? []), ...(await lint(cluster, compileOptions, options.plan))];
  if (options.writeServices !== undefined)
    await writeServiceManifests(options.writeServices, [...files.values()].flat(), cluster, compileOptions);
  const findings = sortFindings([...unparsableFiles.map(buildUnparsableFinding), ...manifestFindings]).map((finding) =>
    prefixSource(finding, folder),
  );
  return {
    lines: formatReport(findings, { json, sarif, junit }),
    hint: formatClassHint(cluster, compileOptions),
    exitCode: findings.some(({ kind }) => kind === "error") ? 1 : 0,
  };
}

async function writeServiceManifests(
  folder: string,
  objects: readonly RawObject[],
  cluster: Cluster,
  options: Options,
): Promise<void> {
  try {
    await writeServices(folder, objects, cluster, options);
  } catch (error) {
    throw new UsageError(`--write-services cannot write: ${errorMessage(error)}. Name an empty or new folder`);
  }
}

function formatReport(
  findings: readonly Finding[],
  { json, sarif, junit }: { json: boolean; sarif: boolean; junit: boolean },
) {
  if (json) return [JSON.stringify(findings, null, 2)];
  if (sarif) return [JSON.stringify(buildSarif(findings), null, 2)];
  return junit ? [formatJunit(findings)] : formatTable(findings);
}

async function readInput(folder: string, input: AsyncIterable<Buffer | string>): Promise<Manifests> {
  if (folder === STDIN) {
    const parsedFile = parseManifest(await text(input), STDIN_NAME);
    if ("unparsableFile" in parsedFile) return { files: new Map(), unparsableFiles: [parsedFile.unparsableFile] };
    return { files: new Map([[parsedFile.name, parsedFile.objects]]), unparsableFiles: [] };
  }
  const isFolder = await stat(folder).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (!isFolder) throw new UsageError(`folder is not readable: ${folder}. Check the path, or use - for standard input`);
  return readManifests(folder);
}

function buildUnparsableFinding({ file, line, problem }: UnparsableFile): Finding {
  const location = { rule: "InvalidManifest", object: `File ${file}`, field: "(file)", source: `${file}:${line}` };
  return { ...location, kind: "error", message: `${problem}. Correct the file; until then it is ignored` };
}

/** Makes sources relative to the current folder, because code hosts need that. */
function prefixSource(finding: Finding, folder: string): Finding {
  return folder === STDIN ? finding : { ...finding, source: posix.join(folder, finding.source) };
}
