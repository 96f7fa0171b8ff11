import { CURRENT_KEY } from "../../src/rules/keys.ts";
import type { Entry, Kv } from "../cloudflare/kv.ts";
import { SupersededError } from "./fence.ts";
import { type Held, manifestIn, readNewest } from "./held.ts";
import type { Signer } from "./sign.ts";

/** KV may show an older value for "60 seconds or more": https://developers.cloudflare.com/kv/concepts/how-kv-works/ */
const STALE_MS = 120_000;

/** Where a publication starts from. */
export interface Start {
  readonly held: Held;
  /** Whether `current` is the newest generation that there ever was. Where it is not, edges may differ in what they serve. */
  readonly isInForce: boolean;
  /** What `current` may be until this publication writes it: what it was at the start, or what KV is late to show. */
  readonly expected: readonly (string | undefined)[];
}

/** Where to start from, with what was published last as far as it is known. Throws where another has published since. */
export async function startOf(kv: Kv, signer: Signer, now: Date, known: Held | undefined): Promise<Start> {
  const bytes = await kv.get(CURRENT_KEY);
  const held = known ?? { ...(await readNewest(kv, signer, bytes)), hosts: [], lost: [] };
  const shown = manifestIn(bytes, signer);
  if (bytes === held.bytes) return { held, isInForce: shown?.generation === held.newest, expected: [bytes] };
  if (shown && shown.generation >= (held.manifest?.generation ?? 0)) throw superseded(bytes, signer);
  return { held, isInForce: mayBeStale(held, now), expected: [bytes, held.bytes] };
}

/** Writes one of the keys that lead edges on, unless another has published since the start. */
export async function putInTurn(entry: Entry, kv: Kv, signer: Signer, { expected }: Start): Promise<void> {
  const bytes = await kv.get(CURRENT_KEY);
  if (!expected.includes(bytes)) throw superseded(bytes, signer);
  await kv.put([entry], "once");
}

/** Whether an older `current` may be what KV still shows, and not what someone has written over the newest. */
function mayBeStale({ manifest }: Held, now: Date): boolean {
  return manifest !== undefined && now.getTime() - Date.parse(manifest.publishedAt) < STALE_MS;
}

function superseded(bytes: string | undefined, signer: Signer): SupersededError {
  const manifest = manifestIn(bytes, signer);
  const what = manifest
    ? `another sync job has published generation ${manifest.generation}`
    : "another has written what this sync job cannot read under the key current";
  return new SupersededError(`${what}; this one writes nothing more of its round`);
}
