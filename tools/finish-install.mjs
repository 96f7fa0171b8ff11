// npm runs this script after it changes node_modules. On an old Node, npm skips the packages of tools/newer-node. The
// development dependency `node` is first on a script's PATH, so npm installs them in a second run.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

const at = (path) => new URL(`../${path}`, import.meta.url);
const { optionalDependencies } = JSON.parse(readFileSync(at("tools/newer-node/package.json"), "utf8"));
const isInstalled = Object.keys(optionalDependencies).every((name) => existsSync(at(`node_modules/${name}`)));
const omitsDevelopment =
  process.env.npm_config_omit?.split(/\s+/).includes("dev") || process.env.NODE_ENV === "production";
const isSecondRun = process.env.EDGRESS_FINISHES_INSTALL === "1";

if (!isInstalled && !omitsDevelopment && !isSecondRun) {
  const { status } = spawnSync("npm", ["install", "--no-audit", "--no-fund", "--no-progress", "--loglevel=error"], {
    stdio: "inherit",
    env: { ...process.env, EDGRESS_FINISHES_INSTALL: "1" },
  });
  process.exitCode = status ?? 1;
}
