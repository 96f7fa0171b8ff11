import { readFile } from "node:fs/promises";
import { type Parsed, refused } from "../../src/rules/parsed.ts";
import type { Permits } from "../compile/permits.ts";
import type { Api } from "../kubernetes/api.ts";
import type { Pause } from "../kubernetes/changes.ts";
import { CONFIG_MAPS } from "../kubernetes/resources.ts";
import { follow } from "./collection.ts";
import { readPermits } from "./permits.ts";

const LOOK_MS = 2000;
const KEY = "policy.yaml";

/** Where the permits are written. */
export type Written =
  | { readonly type: "none" }
  | { readonly type: "file"; readonly path: string }
  | { readonly type: "ConfigMap"; readonly namespace: string; readonly name: string };

/** The permits as they are written now. */
export interface PermitsSource {
  /**
   * What was last read of them; undefined: not yet. One that can't be read stands as it was when it could, and `problem`
   * says so; without one there is nothing to compile by.
   */
  now(): { readonly permits: Permits | undefined; readonly problem: string | undefined } | undefined;
}

/** Follows the permits. `changed` is called whenever they, or what is wrong with them, have changed. */
export function permitsSource(
  written: Written,
  byDefault: Permits,
  api: Api,
  changed: () => void,
  pause: Pause,
  ended: AbortSignal,
): PermitsSource {
  switch (written.type) {
    case "none":
      return { now: () => ({ permits: byDefault, problem: undefined }) };
    case "file":
      return fileSource(written.path, changed, pause, ended);
    case "ConfigMap":
      return configMapSource(written, api, changed, pause, ended);
  }
}

/** The permits in a file, or one line that says what is wrong with it. */
export async function readPermitsFile(path: string): Promise<Parsed<Permits>> {
  const text = await readFile(path, "utf8").catch((error: unknown) => error);
  return typeof text === "string" ? permitsIn(text, path) : refused(`${path} cannot be read: ${text}`);
}

/** A file is looked at every two seconds: a mounted ConfigMap is replaced through links, which watching misses. */
function fileSource(path: string, changed: () => void, pause: Pause, ended: AbortSignal): PermitsSource {
  const reading = lastGood(changed);
  const run = async () => {
    while (!ended.aborted) {
      reading.take(await readPermitsFile(path));
      await pause(LOOK_MS, ended);
    }
  };
  void run();
  return reading;
}

function configMapSource(
  { namespace, name }: { namespace: string; name: string },
  api: Api,
  changed: () => void,
  pause: Pause,
  ended: AbortSignal,
): PermitsSource {
  const what = `ConfigMap ${namespace}/${name}`;
  const reading = lastGood(changed);
  const listeners = {
    changed: () => {
      const kept = collection.kept()?.[0]?.read;
      const text = kept?.kind === "ConfigMap" ? kept.object.data[KEY] : undefined;
      if (text !== undefined) reading.take(permitsIn(text, `${what}, ${KEY}`));
      else reading.take(refused(kept ? `${what} has no key ${KEY}` : `there is no ${what}`));
    },
    failed: (error: Error) => {
      if (!reading.now()) reading.take(refused(`${what} cannot be read: ${error.message}`));
    },
  };
  const scope = { namespace, query: { fieldSelector: `metadata.name=${name}` } };
  const collection = follow(api, CONFIG_MAPS, scope, listeners, pause, ended);
  return reading;
}

function permitsIn(text: string, where: string): Parsed<Permits> {
  const read = readPermits(text);
  return read.ok ? read : refused(`${where}: ${read.problem}`);
}

/** Keeps what could be read last, and what is wrong with what came after. */
function lastGood(changed: () => void): PermitsSource & { take(read: Parsed<Permits>): void } {
  let known: ReturnType<PermitsSource["now"]>;
  let text = "";
  return {
    now: () => known,
    take(read) {
      const next = JSON.stringify(read);
      if (next === text) return;
      text = next;
      known = read.ok
        ? { permits: read.value, problem: undefined }
        : { permits: known?.permits, problem: read.problem };
      changed();
    },
  };
}
