import { fileURLToPath } from "node:url";
import Cloudflare from "cloudflare";
import { ROOT_ZONE } from "../../src/rules/hosts.ts";
import type { Account } from "../account.ts";
import { kvOf } from "../cloudflare/kv.ts";
import { dnsOf } from "../cloudflare/records.ts";
import { expectFolder, type Manifests, NO_MANIFESTS, readManifests, unparsableLine } from "../collect/manifests.ts";
import { clusterOf } from "../collect/objects.ts";
import { inspector } from "../compile/backtracking.ts";
import { lineOf } from "../compile/diagnostic.ts";
import { recallNothing } from "../compile/memory.ts";
import type { Options } from "../compile/options.ts";
import { EVERYTHING_PERMITTED } from "../compile/permits.ts";
import { select } from "../compile/select.ts";
import { generateSealingKeys, sealerOf } from "../publish/seal.ts";
import { generateKeys, signerOf } from "../publish/sign.ts";
import { type Round, round } from "../round.ts";
import { type EchoOrigins, echoOrigins } from "./echo-origins.ts";
import { examplesOf } from "./examples.ts";
import { untilInForce } from "./in-force.ts";
import { type Stack, startStack } from "./stack.ts";
import { certificatesOf } from "./tls.ts";
import { changesOf } from "./watch.ts";

// The package has no sources: there the Worker is bundled beside this module.
const WORKER = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "../../src/index.ts" : "./worker.js", import.meta.url),
);
/** The local edge looks for a newer generation at every request that comes this much later. */
const RECHECK_MS = 20;

export interface DevOptions extends Omit<Options, "zones" | "inspect" | "seal" | "permits"> {
  readonly manifests: string;
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly zones: readonly string[];
  /** Starts an echo origin for every Service, and reaches nothing else. */
  readonly echo: boolean;
}

/** Runs the whole line on this machine until `ended`. Rejects with a UsageError where a folder or port cannot be had. */
export async function dev(options: DevOptions, print: (line: string) => void, ended: AbortSignal): Promise<void> {
  await expectFolder(options.manifests);
  const keys = generateKeys();
  const sealingKeys = generateSealingKeys();
  const stack = await startStack({
    httpPort: options.httpPort,
    httpsPort: options.httpsPort,
    zones: options.zones.length > 0 ? options.zones : [ROOT_ZONE],
    worker: WORKER,
    durableObjects: { LIMITER: "Limiter" },
    variables: {
      MANIFEST_PUBLIC_KEY: keys.publicKey,
      EDGRESS_SEALING_KEY: sealingKeys.privateKey,
      RECHECK_MS: String(RECHECK_MS),
    },
    log: print,
    loopbackOnly: options.echo,
  });
  const echoes = options.echo ? echoOrigins(stack) : undefined;
  try {
    await follow(options, stack, echoes, accountOf(stack, keys.privateKey, sealingKeys.publicKey), print, ended);
  } finally {
    await echoes?.close();
    await stack.close();
  }
}

function accountOf({ account }: Stack, privateKey: string, sealingKey: string): Account {
  const client = new Cloudflare({ apiToken: account.token, baseURL: account.baseURL });
  return {
    kv: kvOf(client, account.accountId, account.namespaceId),
    dns: dnsOf(client, account.accountId),
    signer: signerOf(privateKey),
    sealer: sealerOf(privateKey, sealingKey),
  };
}

/** One round at the start and one after each change of the folder. Only the first may fail: later the edge goes on as it is. */
async function follow(
  options: DevOptions,
  stack: Stack,
  echoes: EchoOrigins | undefined,
  account: Account,
  print: (line: string) => void,
  ended: AbortSignal,
): Promise<void> {
  const compileOptions = { ...options, inspect: inspector(), permits: EVERYTHING_PERMITTED };
  let last: Followed | undefined;
  for await (const _ of changesOf(options.manifests, ended)) {
    try {
      last = await step(compileOptions, stack, echoes, account, last, print);
    } catch (error) {
      if (!last) throw error;
      print(
        `error round: ${error instanceof Error ? error.message : String(error)}; the edge serves what it served before`,
      );
    }
  }
}

/** What a round leaves for the next: the files that were read, and the lines that need not be printed again. */
interface Followed {
  readonly manifests: Manifests;
  readonly reported: ReadonlySet<string>;
}

async function step(
  options: DevOptions & Pick<Options, "inspect" | "permits">,
  stack: Stack,
  echoes: EchoOrigins | undefined,
  account: Account,
  last: Followed | undefined,
  print: (line: string) => void,
): Promise<Followed> {
  const manifests = await readManifests(options.manifests, last?.manifests ?? NO_MANIFESTS);
  const cluster = clusterOf([...manifests.files.values()].flat());
  await echoes?.start(cluster);
  const ours = select(
    cluster,
    options,
    recallNothing(() => {}),
  );
  stack.setCertificates(certificatesOf(ours, cluster));
  const done = await round(cluster, options, account, new Date());
  const lines = [...manifests.unparsable.map(unparsableLine), ...done.diagnostics.map(lineOf)];
  for (const line of lines) if (!last?.reported.has(line)) print(line);
  await untilInForce(stack.http, done.published.generation);
  if (!last || done.published.changed) announce(done, stack, last !== undefined, print);
  return { manifests, reported: new Set(lines) };
}

function announce(
  { rules, published }: Round,
  { http, https }: Stack,
  wasReady: boolean,
  print: (line: string) => void,
) {
  const { generation, writes } = published;
  if (wasReady) return print(`published generation=${generation} writes=${writes}`);
  for (const line of examplesOf(rules, http, https)) print(line);
  print(`ready http=${http.origin} https=${https.origin} generation=${generation}`);
}
