import { listTargets, nameTarget } from "../../src/rules/policies/route-target.ts";
import type { HostRules, Rules } from "../../src/rules/snapshot.ts";
import { formatUnparsableFile, type UnparsableFile } from "../collect/manifests.ts";
import type { Diagnostic } from "../compile/diagnostics.ts";
import { formatIgnoredIngresses, type IgnoredIngress } from "../compile/select/ignored-ingresses.ts";
import { foldNames } from "../runtime/fold.ts";
import { formatCount } from "../runtime/format-count.ts";
import type { StyledText, Terminal } from "../runtime/terminal.ts";
import { countDiagnostics, foldDiagnostics, formatDiagnosticLines } from "./fold-diagnostics.ts";

const MAX_HOSTS = 10;
const MAX_BACKENDS = 3;
const MIN_TEXT_COLUMNS = 40;

/** The lines that still apply, so that the next sync does not repeat them. */
export type ReportedLines = ReadonlySet<string>;

/** Prints the hosts of the rules, and a command that shows that they are served. */
export function printSummary(
  { hosts }: Rules,
  source: string,
  curlCommand: string | undefined,
  terminal: Terminal,
): void {
  const routeCount = hosts.reduce((sum, { routes }) => sum + routes.length, 0);
  terminal.print({
    style: "bold",
    text: `${source}: ${formatCount(hosts.length, "host")}, ${formatCount(routeCount, "route")}`,
  });
  for (const line of formatHosts(hosts)) terminal.print(truncate(line, terminal.columns));
  if (curlCommand === undefined) terminal.print("No route forwards a GET without credentials to an origin");
  else for (const line of ["Try it:", `  ${curlCommand}`]) terminal.print(line);
}

function formatHosts(hosts: readonly HostRules[]): string[] {
  const shownHosts = hosts.slice(0, MAX_HOSTS);
  const nameColumns = Math.max(...shownHosts.map(({ host }) => host.length));
  const rows = shownHosts.map((rules) => `  ${rules.host.padEnd(nameColumns)}  ${formatRoutes(rules)}`);
  const restCount = hosts.length - shownHosts.length;
  return restCount > 0 ? [...rows, `  and ${formatCount(restCount, "more host")}`] : rows;
}

function formatRoutes({ routes, policies }: HostRules): string {
  const targets = new Set(routes.flatMap((route) => listTargets(route, policies).map(nameTarget)));
  return `${formatCount(routes.length, "route")} → ${foldNames([...targets], MAX_BACKENDS)}`;
}

function truncate(line: string, columns: number): string {
  const length = Math.max(columns, MIN_TEXT_COLUMNS);
  return line.length <= length ? line : `${line.slice(0, length - 1)}…`;
}

/** The result of a sync that is reported. */
interface SyncReport {
  readonly unparsableFiles: readonly UnparsableFile[];
  readonly diagnostics: readonly Diagnostic[];
  readonly ignoredIngresses: readonly IgnoredIngress[];
}

/**
 * Prints the problems of a sync, without the lines that earlier syncs reported. Without earlier syncs, it folds the
 * diagnostics of a reason. Returns all lines that apply.
 */
export function printDiagnostics(
  { unparsableFiles, diagnostics, ignoredIngresses }: SyncReport,
  options: { readonly verbose: boolean },
  earlierLines: ReportedLines | undefined,
  terminal: Terminal,
): ReportedLines {
  const reportedLines = earlierLines ?? new Set();
  const diagnosticLines = formatDiagnosticLines(diagnostics);
  const ignoredLines = formatIgnoredIngresses(ignoredIngresses).map((line) => `warning ${line}`);
  const otherLines = [...unparsableFiles.map(formatUnparsableFile), ...ignoredLines];
  for (const line of otherLines) if (!reportedLines.has(line)) printDiagnostic(line, terminal);
  const newDiagnostics = diagnostics.filter((_, index) => !reportedLines.has(diagnosticLines[index] ?? ""));
  const foldedLines = foldDiagnostics(newDiagnostics);
  const isFolded = earlierLines === undefined && !options.verbose && foldedLines.length < newDiagnostics.length;
  if (isFolded) terminal.print(`${countDiagnostics(newDiagnostics)}; --verbose prints each:`);
  for (const line of isFolded ? foldedLines : formatDiagnosticLines(newDiagnostics)) printDiagnostic(line, terminal);
  return new Set([...otherLines, ...diagnosticLines]);
}

const SEVERITY_COLORS: Readonly<Record<string, "red" | "yellow" | "cyan">> = {
  error: "red",
  warning: "yellow",
  note: "cyan",
};

function printDiagnostic(line: string, terminal: Terminal): void {
  const [, severity = "", rest = line] = /^(error|warning|note)\b(.*)$/s.exec(line) ?? [];
  const color = SEVERITY_COLORS[severity];
  const parts: StyledText[] = color === undefined ? [line] : [{ style: color, text: severity }, rest];
  terminal.print(...parts);
}
