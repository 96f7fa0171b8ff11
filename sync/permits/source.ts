import { readFile } from "node:fs/promises";
import { failure, type Result } from "../../src/rules/result.ts";
import { watchCollection } from "../collect/watched-collection.ts";
import type { KubernetesClient } from "../kubernetes/client.ts";
import { CONFIG_MAPS } from "../kubernetes/resources.ts";
import type { Sleep } from "../runtime/sleep.ts";
import { UsageError } from "../runtime/usage-error.ts";
import { DEFAULT_PERMITS, type Permits } from "./model.ts";
import { parsePermits } from "./parse.ts";

const POLL_INTERVAL_MS = 2000;
const CONFIG_MAP_KEY = "permits.yaml";

/** The location of the permits document. */
export type PermitsLocation =
  | { readonly type: "none" }
  | { readonly type: "file"; readonly path: string }
  | { readonly type: "ConfigMap"; readonly namespace: string; readonly name: string };

/** The current permits. */
export interface PermitsSource {
  /** Resolves after the first read, even if the document is invalid. It never rejects. */
  readonly ready: Promise<void>;
  /**
   * Returns undefined before the first read. If the document is invalid, it returns the last valid permits (undefined if
   * none were ever read) with the problem.
   */
  read(): { readonly permits: Permits | undefined; readonly problem: string | undefined } | undefined;
}

/** Watches the permits. Calls `onChange` when the permits or the problem change. */
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
      return { ready: Promise.resolve(), read: () => ({ permits: defaultPermits, problem: undefined }) };
    case "file":
      return watchPermitsFile(location.path, onChange, sleep, signal);
    case "ConfigMap":
      return watchPermitsConfigMap(location, api, onChange, sleep, signal);
  }
}

/** Reads permits from a file. A problem is one line that starts with the path. */
export async function readPermitsFile(path: string): Promise<Result<Permits>> {
  const text = await readFile(path, "utf8").catch((error: unknown) => error);
  return typeof text === "string" ? parsePermitsFrom(text, path) : failure(`${path} is not readable: ${text}`);
}

/** Returns the permits of a file, or the default permits. Rejects with a `UsageError` if the file is invalid. */
export async function loadPermits(path: string | undefined): Promise<Permits> {
  if (path === undefined) return DEFAULT_PERMITS;
  const result = await readPermitsFile(path);
  if (result.ok) return result.value;
  throw new UsageError(`permits are invalid: ${result.problem}`);
}

/** Reads the file every 2 s, because a file watch misses the symbolic links of a mounted ConfigMap. */
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
  const listener = {
    onChange: () => {
      const parsedObject = collection.list()?.[0]?.parsedObject;
      const text = parsedObject?.kind === "ConfigMap" ? parsedObject.object.data[CONFIG_MAP_KEY] : undefined;
      if (text !== undefined) lastGoodPermits.update(parsePermitsFrom(text, `${configMapLabel}, ${CONFIG_MAP_KEY}`));
      else
        lastGoodPermits.update(
          failure(parsedObject ? `${configMapLabel}: key not found: ${CONFIG_MAP_KEY}` : `${configMapLabel} not found`),
        );
    },
    onError: (error: Error) => {
      if (!lastGoodPermits.read())
        lastGoodPermits.update(failure(`${configMapLabel} is not readable: ${error.message}`));
    },
  };
  const scope = { namespace, query: { fieldSelector: `metadata.name=${name}` } };
  const collection = watchCollection(api, CONFIG_MAPS, scope, listener, sleep, signal);
  return lastGoodPermits;
}

function parsePermitsFrom(text: string, label: string): Result<Permits> {
  const result = parsePermits(text);
  return result.ok ? result : failure(`${label}: ${result.problem}`);
}

/** Keeps the last valid permits and the current problem. */
function createLastGoodPermits(onChange: () => void): PermitsSource & { update(result: Result<Permits>): void } {
  let current: ReturnType<PermitsSource["read"]>;
  let currentText = "";
  const firstRead = Promise.withResolvers<void>();
  return {
    ready: firstRead.promise,
    read: () => current,
    update(result) {
      const nextText = JSON.stringify(result);
      if (nextText === currentText) return;
      currentText = nextText;
      current = result.ok
        ? { permits: result.value, problem: undefined }
        : { permits: current?.permits, problem: result.problem };
      firstRead.resolve();
      onChange();
    },
  };
}
