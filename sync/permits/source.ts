import { readFile } from "node:fs/promises";
import { failure, type Result } from "../../src/rules/result.ts";
import { watchCollection } from "../collect/watched-collection.ts";
import type { KubernetesClient } from "../kubernetes/client.ts";
import { CONFIG_MAPS } from "../kubernetes/resources.ts";
import type { Sleep } from "../runtime/sleep.ts";
import type { Permits } from "./model.ts";
import { parsePermits } from "./parse.ts";

const POLL_INTERVAL_MS = 2000;
const CONFIG_MAP_KEY = "permits.yaml";

/** Where the permits are written. */
export type PermitsLocation =
  | { readonly type: "none" }
  | { readonly type: "file"; readonly path: string }
  | { readonly type: "ConfigMap"; readonly namespace: string; readonly name: string };

/** The permits as they are written now. */
export interface PermitsSource {
  /**
   * What was last read of them; undefined: not yet. One that can't be read stands as it was when it could, and `problem`
   * says so; without one there is nothing to compile by.
   */
  read(): { readonly permits: Permits | undefined; readonly problem: string | undefined } | undefined;
}

/** Follows the permits. `changed` is called whenever they, or what is wrong with them, have changed. */
export function watchPermits(
  location: PermitsLocation,
  defaultPermits: Permits,
  api: KubernetesClient,
  onChange: () => void,
  sleep: Sleep,
  signal: AbortSignal,
): PermitsSource {
  switch (location.type) {
    case "none":
      return { read: () => ({ permits: defaultPermits, problem: undefined }) };
    case "file":
      return watchPermitsFile(location.path, onChange, sleep, signal);
    case "ConfigMap":
      return watchPermitsConfigMap(location, api, onChange, sleep, signal);
  }
}

/** The permits in a file, or one line that says what is wrong with it. */
export async function readPermitsFile(path: string): Promise<Result<Permits>> {
  const text = await readFile(path, "utf8").catch((error: unknown) => error);
  return typeof text === "string" ? parsePermitsFrom(text, path) : failure(`${path} cannot be read: ${text}`);
}

/** A file is looked at every two seconds: a mounted ConfigMap is replaced through links, which watching misses. */
function watchPermitsFile(path: string, onChange: () => void, sleep: Sleep, signal: AbortSignal): PermitsSource {
  const lastGoodPermits = createLastGoodPermits(onChange);
  const run = async () => {
    while (!signal.aborted) {
      lastGoodPermits.update(await readPermitsFile(path));
      await sleep(POLL_INTERVAL_MS, signal);
    }
  };
  void run();
  return lastGoodPermits;
}

function watchPermitsConfigMap(
  { namespace, name }: { namespace: string; name: string },
  api: KubernetesClient,
  onChange: () => void,
  sleep: Sleep,
  signal: AbortSignal,
): PermitsSource {
  const configMapLabel = `ConfigMap ${namespace}/${name}`;
  const lastGoodPermits = createLastGoodPermits(onChange);
  const listeners = {
    onChange: () => {
      const parsedObject = collection.list()?.[0]?.parsedObject;
      const text = parsedObject?.kind === "ConfigMap" ? parsedObject.object.data[CONFIG_MAP_KEY] : undefined;
      if (text !== undefined) lastGoodPermits.update(parsePermitsFrom(text, `${configMapLabel}, ${CONFIG_MAP_KEY}`));
      else
        lastGoodPermits.update(
          failure(parsedObject ? `${configMapLabel} has no key ${CONFIG_MAP_KEY}` : `there is no ${configMapLabel}`),
        );
    },
    onError: (error: Error) => {
      if (!lastGoodPermits.read())
        lastGoodPermits.update(failure(`${configMapLabel} cannot be read: ${error.message}`));
    },
  };
  const scope = { namespace, query: { fieldSelector: `metadata.name=${name}` } };
  const collection = watchCollection(api, CONFIG_MAPS, scope, listeners, sleep, signal);
  return lastGoodPermits;
}

function parsePermitsFrom(text: string, label: string): Result<Permits> {
  const result = parsePermits(text);
  return result.ok ? result : failure(`${label}: ${result.problem}`);
}

/** Keeps what could be read last, and what is wrong with what came after. */
function createLastGoodPermits(onChange: () => void): PermitsSource & { update(result: Result<Permits>): void } {
  let current: ReturnType<PermitsSource["read"]>;
  let currentText = "";
  return {
    read: () => current,
    update(result) {
      const nextText = JSON.stringify(result);
      if (nextText === currentText) return;
      currentText = nextText;
      current = result.ok
        ? { permits: result.value, problem: undefined }
        : { permits: current?.permits, problem: result.problem };
      onChange();
    },
  };
}
