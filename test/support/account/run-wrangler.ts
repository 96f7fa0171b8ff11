import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import type { LocalAccount } from "../../../sync/local/account/account.ts";

const WRANGLER = path.join(
  path.dirname(createRequire(import.meta.url).resolve("wrangler/package.json")),
  "bin/wrangler.js",
);

/** The end of a run of wrangler. */
export interface WranglerRun {
  readonly exitCode: number;
  readonly output: string;
}

/** Runs the real wrangler in a folder, against the local account. `input` is its standard input. */
export async function runWrangler(
  { baseURL, accountId, token }: Pick<LocalAccount, "baseURL" | "accountId" | "token">,
  folder: string,
  parameters: readonly string[],
  input = "",
): Promise<WranglerRun> {
  await mkdir(path.join(folder, "home"), { recursive: true });
  const environment = {
    PATH: process.env.PATH,
    HOME: path.join(folder, "home"),
    CLOUDFLARE_API_BASE_URL: baseURL,
    CLOUDFLARE_API_TOKEN: token,
    CLOUDFLARE_ACCOUNT_ID: accountId,
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_HIDE_BANNER: "true",
    CI: "true",
    NO_COLOR: "1",
  };
  return new Promise((resolve) => {
    const options = { cwd: folder, env: environment, timeout: 60_000 };
    const child = execFile(process.execPath, [WRANGLER, ...parameters], options, (error, stdout, stderr) => {
      resolve({ exitCode: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr });
    });
    child.stdin?.end(input);
  });
}

/** Writes the files of a Worker project. */
export async function writeProject(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) await writeFile(path.join(folder, name), content);
}
