import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import Cloudflare from "cloudflare";
import { createKv } from "../../../sync/cloudflare/kv.ts";
import { createSigner } from "../../../sync/publish/sign-manifest.ts";
import { KEYS } from "../publish/signing.ts";
import { startWorkerHarness } from "../worker/worker-harness.ts";
import { EXAMPLES } from "./edge-cli.ts";
export const keys = KEYS;
export const args = ["publish", "--manifests", join(EXAMPLES, "fanout"), "--watch-ingress-without-class"];

/** Starts an edge and an account for all tests of a file. */
export async function startPublishAccount(zone = "bar.com") {
  const folder = await mkdtemp(join(tmpdir(), "edgress-publish-"));
  const edge = await startWorkerHarness({ zones: [zone], variables: { EDGRESS_VERIFYING_KEY: keys.publicKey } });
  const { account } = edge.stack;
  const environment: Record<string, string> = {
    CLOUDFLARE_BASE_URL: account.baseURL,
    CLOUDFLARE_API_TOKEN: account.token,
    CLOUDFLARE_ACCOUNT_ID: account.accountId,
    EDGRESS_KV_NAMESPACE_ID: account.namespaceId,
    EDGRESS_SIGNING_KEY: keys.privateKey,
  };
  await edge.startOrigin("203.0.113.11:80", (request, response) => response.end(`service 1 ${request.url}`));
  after(async () => {
    await edge.close();
    await rm(folder, { recursive: true });
  });

  /** Returns the writes to the account's API since request number `from`. */
  function listWritesSince(from: number): string[] {
    const requests = edge.stack.account.requests.slice(from);
    return requests
      .filter(({ method, path }) => method !== "GET" && !path.endsWith("/bulk/get"))
      .map(
        ({ method, path }) =>
          `${method} ${path.replace(/.*\/(?=values|dns_records|bulk)/, "").replace(/[0-9a-f]{64}/, "…")}`,
      );
  }

  /** Returns the account's KV namespace, and the signer of its manifests. */
  function openPublishedKv() {
    const { account } = edge.stack;
    const client = new Cloudflare({ apiToken: account.token, baseURL: account.baseURL });
    return { kv: createKv(client, account.accountId, account.namespaceId), signer: createSigner(keys.privateKey) };
  }

  return { edge, environment, folder, listWritesSince, openPublishedKv };
}
