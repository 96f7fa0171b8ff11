// npm runs this script after an installation in a clone. It builds dist/, because `npx edgress` runs dist/cli.js.
import { spawnSync } from "node:child_process";

const { npm_command: command = "", npm_config_omit: omit = "", NODE_ENV: mode } = process.env;
const omitsDevelopment = omit.split(/\s+/).includes("dev") || mode === "production";
const isSecondRun = process.env.EDGRESS_FINISHES_INSTALL === "1"; // of tools/finish-install.mjs: the first run builds
const hasPrepack = command === "pack" || command === "publish"; // prepack builds

if (!omitsDevelopment && !isSecondRun && !hasPrepack) {
  const { status } = spawnSync("node", ["tools/build.ts"], { stdio: ["ignore", "ignore", "inherit"] });
  process.exitCode = status ?? 1;
}
