import { isAtLeast, TESTED_WRANGLER, type Wrangler } from "../worker/find-wrangler.ts";
import { type CheckResult, check } from "./check.ts";

/** The first version that knows every field of the configuration. */
const OLDEST_WRANGLER = "4.36.0";

/** Checks that wrangler can deploy the Worker. */
export function checkWrangler(wrangler: Wrangler | undefined, nodeVersion: string): CheckResult {
  const report = check("wrangler");
  const remedy = `Install it: npm install --save-dev wrangler@${TESTED_WRANGLER}`;
  if (!wrangler) return report.error("wrangler not found: it deploys the Worker", remedy);
  const { version, engines } = wrangler;
  const [, oldestNode] = /^>=\s*([\d.]+)/.exec(engines ?? "") ?? [];
  if (oldestNode !== undefined && !isAtLeast(nodeVersion, oldestNode))
    return report.error(
      `wrangler ${version} needs Node.js ${oldestNode} or newer, not ${nodeVersion}`,
      "Use a newer Node.js",
    );
  if (!isAtLeast(version, OLDEST_WRANGLER)) return report.error(`wrangler is too old: ${version}`, remedy);
  return report.ok(`wrangler ${version}`);
}
