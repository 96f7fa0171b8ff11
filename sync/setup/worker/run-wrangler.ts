import { spawn } from "node:child_process";
import { appendFile, chmod } from "node:fs/promises";
import { stripVTControlCharacters } from "node:util";
import type { SetupFiles } from "../folder.ts";
import type { Wrangler } from "./find-wrangler.ts";

/** The account that wrangler changes. */
export interface WranglerAccount {
  readonly accountId: string;
  readonly apiToken: string;
  /** URL of Cloudflare's API; the public API if not set. */
  readonly baseURL: string | undefined;
}

export interface WranglerCall {
  readonly args: readonly string[];
  /** Text for its standard input, for secrets. */
  readonly input?: string;
}

/** Thrown if wrangler fails. The log has its whole output. */
export class WranglerError extends Error {}

/** Variables that a child process needs to run. No secret is among them. */
const INHERITED_VARIABLES =
  /^(PATH|HOME|USERPROFILE|APPDATA|SYSTEMROOT|TMPDIR|TEMP|LANG|LC_\w+|(https?|no|all)_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR))$/i;

/** Runs wrangler in the set-up folder, and writes its output to the log. Rejects with a `WranglerError` of one line. */
export async function spawnWrangler(
  wrangler: Wrangler,
  files: SetupFiles,
  account: WranglerAccount,
  { args, input }: WranglerCall,
): Promise<string> {
  const [program, ...firstArgs] = wrangler.command;
  const child = spawn(program, [...firstArgs, ...args], {
    cwd: files.folder,
    env: buildWranglerEnvironment(account, process.env),
    stdio: ["pipe", "pipe", "pipe"],
  });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.stdin.on("error", () => {}); // it may end without reading
  child.stdin.end(input ?? "");
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  const output = stripVTControlCharacters(Buffer.concat(chunks).toString());
  await writeLog(files.wranglerLog, `$ wrangler ${args.join(" ")}\n${output}\nexit code ${code}\n\n`);
  if (code === 0) return output;
  const problem = findErrorLine(output) ?? `exit code ${code}`;
  throw new WranglerError(`wrangler ${args.slice(0, 2).join(" ")} failed: ${problem}. Log: ${files.wranglerLog}`);
}

/** Returns the environment of wrangler: the account's token, and no other secret. */
export function buildWranglerEnvironment(
  { accountId, apiToken, baseURL }: WranglerAccount,
  environment: NodeJS.ProcessEnv,
): NodeJS.ProcessEnv {
  const inherited = Object.entries(environment).filter(([name]) => INHERITED_VARIABLES.test(name));
  return {
    ...Object.fromEntries(inherited),
    CLOUDFLARE_ACCOUNT_ID: accountId,
    CLOUDFLARE_API_TOKEN: apiToken,
    ...(baseURL !== undefined && { CLOUDFLARE_API_BASE_URL: baseURL }),
    CI: "true", // no questions
    NO_COLOR: "1",
    WRANGLER_SEND_METRICS: "false",
  };
}

/** Finds the error in wrangler's output, with the code that the API gave. */
export function findErrorLine(output: string): string | undefined {
  const lines = output.split("\n").map((line) => line.trim());
  const first = lines.findIndex((line) => /\[ERROR\]|^✘|^Error:/.test(line));
  if (first === -1) return undefined;
  const message = (lines[first] ?? "").replace(/^.*\[ERROR\]\s*|^✘\s*|^Error:\s*/, "");
  const detail = lines.slice(first + 1).find((line) => /\[code: \d+\]/.test(line));
  return [message, detail]
    .filter((part) => part !== undefined)
    .join(" ")
    .replace(/\.$/, "");
}

async function writeLog(path: string, text: string): Promise<void> {
  await appendFile(path, text, { mode: 0o600 });
  await chmod(path, 0o600);
}
