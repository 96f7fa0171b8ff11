import type { StyledText } from "../../runtime/terminal.ts";
import type { CheckResult } from "./check.ts";

const LABELS = {
  ok: { style: "green", text: "ok     " },
  warning: { style: "yellow", text: "warning" },
  error: { style: "red", text: "error  " },
  skipped: { style: "dim", text: "skipped" },
} as const;

/** Formats results as lines: "error   ssl-mode example.com: SSL mode off. Set …". */
export function formatChecks(results: readonly CheckResult[]): readonly (readonly StyledText[])[] {
  return foldAllowed(results).map(({ name, subject, status, message, remedy }) => {
    const title = subject === undefined ? name : `${name} ${subject}`;
    return [LABELS[status], ` ${title}: ${message}${remedy === undefined ? "" : `. ${remedy}`}`];
  });
}

/** Replaces the permissions that the token has with one result. */
function foldAllowed(results: readonly CheckResult[]): readonly CheckResult[] {
  const isAllowed = ({ name, status }: CheckResult) => name === "permission" && status === "ok";
  const allowed = results.filter(isAllowed);
  const [first] = allowed;
  if (!first) return results;
  const folded: CheckResult = { name: "permission", status: "ok", message: `${allowed.length} allowed` };
  return results.flatMap((result) => (result === first ? [folded] : isAllowed(result) ? [] : [result]));
}
