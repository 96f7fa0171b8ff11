import { CURRENT_KEY } from "../../../src/rules/kv-keys.ts";
import type { Kv } from "../../cloudflare/kv.ts";
import { parseSignedManifest } from "../../publish/read-published.ts";
import { createVerifier } from "../../publish/sign-manifest.ts";
import { STATE_KEY } from "../../publish/state/state.ts";
import type { Publication } from "./rotation.ts";

/** Reads whether the manifest and the controller's state have the signature of a key. */
export async function readPublication(kv: Pick<Kv, "get">, publicKey: string): Promise<Publication> {
  const [current, state] = [await kv.get(CURRENT_KEY), await kv.get(STATE_KEY)];
  if (current === undefined && state === undefined) return { type: "none" };
  const verifier = createVerifier([publicKey]);
  const manifest = parseSignedManifest(current, verifier);
  const hasOtherState = state !== undefined && verifier.verify(state) === undefined;
  if (!manifest || hasOtherState) return { type: "signed-with-other-key" };
  return { type: "signed", generation: manifest.generation, publishedAt: Date.parse(manifest.publishedAt) };
}
