import type Cloudflare from "cloudflare";
import { CURRENT_KEY } from "../../src/rules/kv-keys.ts";
import { createKv } from "../cloudflare/kv.ts";
import { parseSignedManifest } from "../publish/read-published.ts";
import { createSigner, createVerifier, type Signer } from "../publish/sign-manifest.ts";
import type { NamespaceOwner } from "../publish/state/namespace-owner.ts";
import { readNamespaceOwner } from "../publish/state/state.ts";
import type { Variables } from "./keys/variable-file.ts";

/** The content of a KV namespace, as far as the keys of the controller can verify it. */
export interface NamespaceContent {
  readonly isEmpty: boolean;
  /** The published generation. Undefined without one that our keys signed. */
  readonly generation: number | undefined;
  /** When the generation was published. */
  readonly publishedAt: string | undefined;
  readonly owner: NamespaceOwner;
}

/** Reads a namespace. Without a signing key, its owner and generation are unknown. */
export async function readNamespaceContent(
  client: Cloudflare,
  accountId: string,
  namespaceId: string,
  variables: Variables,
): Promise<NamespaceContent> {
  const kv = createKv(client, accountId, namespaceId);
  const signer = loadSigner(variables);
  const keys = await client.kv.namespaces.keys.list(namespaceId, { account_id: accountId, limit: 10 });
  const isEmpty = keys.result.length === 0;
  if (!signer || isEmpty)
    return {
      isEmpty,
      generation: undefined,
      publishedAt: undefined,
      owner: isEmpty ? { type: "none" } : { type: "unknown" },
    };
  const manifest = parseSignedManifest(await kv.get(CURRENT_KEY), signer);
  const { owner } = await readNamespaceOwner(kv, signer);
  return { isEmpty, generation: manifest?.generation, publishedAt: manifest?.publishedAt, owner };
}

/** Returns a signer that accepts all verifying keys of the variables. Undefined without a valid signing key. */
function loadSigner({ EDGRESS_SIGNING_KEY, EDGRESS_VERIFYING_KEY }: Variables): Signer | undefined {
  try {
    const signer = createSigner(EDGRESS_SIGNING_KEY ?? "");
    const keys = EDGRESS_VERIFYING_KEY?.split(",") ?? [signer.publicKey];
    return { ...signer, verify: createVerifier(keys).verify };
  } catch {
    return undefined;
  }
}
