import { readFile, writeFile } from "node:fs/promises";
import { ROOT_ZONE } from "../../src/rules/hosts.ts";
import { nameOf } from "../collect/cluster-model.ts";
import { readGatewayController } from "../compile/gateway/read-gateways.ts";
import type { Options } from "../compile/options.ts";
import { selectIngresses } from "../compile/select/ingress-class.ts";
import { createPlaintextSealer } from "../explain/plaintext-sealer.ts";
import { loadKubernetesClient } from "../kubernetes/client-from-kubeconfig.ts";
import { FINDING_KINDS, type Finding, sortFindings } from "../lint/findings/finding.ts";
import { completeCluster } from "../lint/input/assumed-objects.ts";
import { type ClassOptions, resolveClassSelector, resolveGatewayController } from "../lint/input/class-selection.ts";
import { collectInput, type InputOptions, type LintInput } from "../lint/input/collect-input.ts";
import { createFieldLocator } from "../lint/input/field-positions.ts";
import { explainTemplate, findUnparsableFiles } from "../lint/input/file-findings.ts";
import { selectOwnGatewayObjects } from "../lint/input/own-gateway-objects.ts";
import { dropPathTypeNotes, findMissingPathTypes } from "../lint/input/path-types.ts";
import type { CloudflarePlan } from "../lint/knowledge/cloudflare-limits.ts";
import { lint } from "../lint/lint.ts";
import { applyNginxConfigMap } from "../lint/nginx-config-map/apply-config-map.ts";
import { formatReport, type ReportFormat } from "../lint/reports/format-report.ts";
import type { TextOptions } from "../lint/reports/text/layout.ts";
import { type Baseline, EMPTY_BASELINE, formatBaseline, parseBaseline } from "../lint/verdicts/baseline.ts";
import { buildReport } from "../lint/verdicts/build-report.ts";
import { listCheckedObjects } from "../lint/verdicts/checked-objects.ts";
import type { LintReport, ReportedFinding } from "../lint/verdicts/report.ts";
import { loadPermits } from "../permits/source.ts";
import { createRegexLookup } from "../regex-check/regex-lookup.ts";
import { UsageError } from "../runtime/usage-error.ts";
import { loadNginxConfigMap } from "./nginx-config-map.ts";
import { writeServiceManifests } from "./service-files.ts";

/** The least severe kind of a finding that fails a check, by the value of `--fail-on`. */
const LEAST_SEVERE_KINDS = { error: "error", warning: "different", never: undefined } as const;
export type FailOn = keyof typeof LEAST_SEVERE_KINDS;

export interface LintOptions
  extends ClassOptions,
    Pick<InputOptions, "strict">,
    Pick<Options, "exclusiveHosts" | "zones" | "allowedResponseHeaders"> {
  readonly permits?: string | undefined;
  readonly plan: CloudflarePlan;
  /** File with the ConfigMap of ingress-nginx. */
  readonly nginxConfigmap?: string | undefined;
  /** Folder for the manifests of Services that need a change. */
  readonly writeServices?: string | undefined;
  readonly live: boolean;
  readonly format: ReportFormat;
  readonly summary: boolean;
  readonly verbose: boolean;
  readonly failOn: FailOn;
  readonly baseline?: string | undefined;
  readonly writeBaseline?: string | undefined;
}

/** The output of `edgress lint`. */
export interface LintResult {
  readonly lines: readonly string[];
  /** Hints for standard error; not a part of the report. */
  readonly warnings: readonly string[];
  readonly exitCode: 0 | 1;
}

/**
 * Lints files, folders, or `input` for the path "-". The exit code is 1 if a finding is at least as severe as
 * `--fail-on`. Rejects with a `UsageError` if there is no object to check, or a path is not readable.
 */
export async function runLint(
  paths: readonly string[],
  options: LintOptions,
  input: AsyncIterable<Buffer | string>,
  terminal: Omit<TextOptions, "verbose">,
): Promise<LintResult> {
  validateOptions(paths, options);
  const client = options.live ? loadKubernetesClient(undefined) : undefined;
  const selector = { ...resolveClassSelector(options), gatewayController: resolveGatewayController(options) };
  const inputOptions = { paths, api: client?.api, strict: options.strict };
  const [permits, baseline] = await Promise.all([loadPermits(options.permits), readBaseline(options.baseline)]);
  const givenInput = await collectInput(inputOptions, selector, input);
  const configMap = await loadNginxConfigMap(options.nginxConfigmap, givenInput);
  const settings = configMap && applyNginxConfigMap(givenInput.cluster, configMap, selector, options.plan);
  const lintInput = { ...givenInput, ...(settings && { cluster: settings.cluster }) };
  const { tokenizeSecret, open } = createPlaintextSealer();
  const zones = options.zones.length > 0 ? options.zones : [ROOT_ZONE];
  const { exclusiveHosts, allowedResponseHeaders } = options;
  const compileOptions = {
    ...selector,
    ...{ exclusiveHosts, allowedResponseHeaders, zones, permits, tokenizeSecret },
    regexVerdicts: createRegexLookup(),
  };
  const knowledge = { plan: options.plan, settingsFindings: settings?.findings ?? [] };
  const report = await lintCluster(lintInput, compileOptions, open, baseline, knowledge);
  if (options.writeServices !== undefined)
    await writeServiceManifests(options.writeServices, lintInput, compileOptions);
  if (options.writeBaseline !== undefined) await writeFile(options.writeBaseline, formatBaseline(report.findings));
  const fails = (finding: ReportedFinding) => isFailure(finding, options.failOn);
  return {
    lines: formatReport(report, { ...options, terminal: { ...terminal, verbose: options.verbose }, fails }),
    warnings: [...(client?.warning === undefined ? [] : [client.warning]), ...lintInput.warnings],
    exitCode: options.writeBaseline === undefined && report.findings.some(fails) ? 1 : 0,
  };
}

async function lintCluster(
  { files, cluster, lookUp, skippedClasses }: LintInput,
  options: Options,
  decrypt: (token: string) => Promise<string>,
  baseline: Baseline,
  { plan, settingsFindings }: { readonly plan: CloudflarePlan; readonly settingsFindings: readonly Finding[] },
): Promise<LintReport> {
  const { cluster: completedCluster, uncheckedObjects } = await completeCluster(cluster, options, lookUp);
  const pathTypeErrors = findMissingPathTypes(files.flatMap(({ objects }) => objects));
  const manifestFindings = dropPathTypeNotes(await lint(completedCluster, options, decrypt, plan), pathTypeErrors);
  const ingresses = selectIngresses(completedCluster, options);
  const selectedObjects = new Set(ingresses.map((ingress) => `Ingress ${nameOf(ingress)}`));
  const selectedErrors = pathTypeErrors.filter(({ object }) => selectedObjects.has(object));
  const fileFindings = [...findUnparsableFiles(files), ...settingsFindings, ...selectedErrors];
  const findings = sortFindings([...fileFindings, ...manifestFindings])
    .map((finding) => explainTemplate(finding, files))
    .map(createFieldLocator(files));
  const ownObjects = selectOwnGatewayObjects(completedCluster.gateway, readGatewayController(options));
  return buildReport(findings, listCheckedObjects(ingresses, ownObjects), baseline, {
    uncheckedObjects,
    skippedClasses,
  });
}

function validateOptions(paths: readonly string[], { live, summary, format }: LintOptions): void {
  if (paths.length === 0 && !live)
    throw new UsageError("path missing. Name a folder or a file, use - for standard input, or use --live");
  if (summary && format !== "text")
    throw new UsageError(`--summary conflicts with --format ${format}. Set one of them`);
}

function isFailure({ kind, isKnown }: ReportedFinding, failOn: FailOn): boolean {
  const leastSevereKind = LEAST_SEVERE_KINDS[failOn];
  if (leastSevereKind === undefined || isKnown) return false;
  return FINDING_KINDS.indexOf(kind) <= FINDING_KINDS.indexOf(leastSevereKind);
}

async function readBaseline(path: string | undefined): Promise<Baseline> {
  if (path === undefined) return EMPTY_BASELINE;
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) throw new UsageError(`baseline is not readable: ${path}. Create it with --write-baseline`);
  const baseline = parseBaseline(text);
  if (!baseline.ok) throw new UsageError(`baseline is invalid: ${path}: ${baseline.problem}`);
  return baseline.value;
}
