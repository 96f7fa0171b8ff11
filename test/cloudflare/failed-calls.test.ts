import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { listen } from "../../sync/net/listen.ts";
import { type Account, createAccount } from "../../sync/publish/account.ts";
import { generateSigningKeys } from "../../sync/publish/sign-manifest.ts";

/** Runs `use` with an account whose API answers every call like this. */
async function withAccount(status: number, body: string, use: (account: Account) => Promise<void>): Promise<void> {
  const server = createServer((_request, response) => {
    response.writeHead(status, { "content-type": "application/json" }).end(body);
  });
  const { port, close } = await listen(server, 0);
  try {
    await use(createTestAccount(port));
  } finally {
    await close();
  }
}

function createTestAccount(port: number): Account {
  const { privateKey: signingKey } = generateSigningKeys();
  const baseURL = `http://127.0.0.1:${port}`;
  const timings = { maxRetryDelayMs: 1 };
  return createAccount({ apiToken: "token", accountId: "account", namespaceId: "rules", signingKey, baseURL, timings });
}

const AUTHENTICATION_ERROR = JSON.stringify({
  success: false,
  errors: [{ code: 10000, message: "Authentication error" }],
});

test("A token without a permission gives one line with the call, the permission and the variable", async () => {
  await withAccount(403, AUTHENTICATION_ERROR, async ({ kv, dns }) => {
    await assert.rejects(kv.get("current"), {
      message:
        "Cloudflare API: reading Workers KV failed: 403 Authentication error (code 10000). Check that CLOUDFLARE_API_TOKEN is valid and has the permission Workers KV Storage: Edit",
    });
    await assert.rejects(dns.listZones(), {
      message:
        "Cloudflare API: listing the zones of the account failed: 403 Authentication error (code 10000). Check that CLOUDFLARE_API_TOKEN is valid and has the permission Zone: Read",
    });
  });
});

test("A fault of Cloudflare, a limit and a missing KV namespace each have their own remedy", async () => {
  const expectPut = async (status: number, body: string, message: string) => {
    await withAccount(status, body, ({ kv }) => assert.rejects(kv.put([{ key: "a", value: "b" }]), { message }));
  };
  await expectPut(
    500,
    "",
    "Cloudflare API: writing Workers KV failed: 500. Cloudflare has a fault; check https://www.cloudflarestatus.com",
  );
  await expectPut(
    429,
    JSON.stringify({ errors: [{ code: 971, message: "Please wait\nand consider throttling" }] }),
    "Cloudflare API: writing Workers KV failed: 429 Please wait and consider throttling (code 971). The account has used up its calls; wait five minutes, and stop other users of the token",
  );
  await expectPut(
    404,
    JSON.stringify({ errors: [{ code: 10013, message: "put: 'namespace not found'" }] }),
    "Cloudflare API: writing Workers KV failed: 404 put: 'namespace not found' (code 10013). Check CLOUDFLARE_ACCOUNT_ID and EDGRESS_KV_NAMESPACE_ID",
  );
});

test("An error has the inner reasons of its error chain", async () => {
  const chain = [{ code: 9005, message: "Content for A record must be a valid IPv4 address." }];
  const body = JSON.stringify({ errors: [{ code: 1004, message: "DNS Validation Error", error_chain: chain }] });
  await withAccount(400, body, ({ kv }) =>
    assert.rejects(kv.get("current"), {
      message:
        "Cloudflare API: reading Workers KV failed: 400 DNS Validation Error (code 1004): Content for A record must be a valid IPv4 address. (code 9005). Check the values in this message; this version of edgress may be too old for the API",
    }),
  );
});

test("A malformed token gives the variable and the usual mistakes", async () => {
  const chain = [{ code: 6111, message: "Invalid format for Authorization header" }];
  const body = JSON.stringify({ errors: [{ code: 6003, message: "Invalid request headers", error_chain: chain }] });
  await withAccount(400, body, ({ dns }) =>
    assert.rejects(dns.listZones(), {
      message:
        "Cloudflare API: listing the zones of the account failed: 400 Invalid request headers (code 6003): Invalid format for Authorization header (code 6111). Check that CLOUDFLARE_API_TOKEN is a whole token, without quotes, spaces and line breaks",
    }),
  );
});

test("A response that is empty, cut off or a page of HTML is a fault of Cloudflare", async () => {
  for (const body of ["", '{"success": tr', "<html>502 Bad Gateway</html>"]) {
    await withAccount(200, body, ({ dns }) =>
      assert.rejects(dns.listZones(), {
        message: /^Cloudflare API: listing the zones of the account failed: 502 .*Cloudflare has a fault/,
      }),
    );
  }
});

test("An API that is not reachable gives one line with the cause of the connection", async () => {
  const { port, close } = await listen(createServer(), 0);
  await close();
  await assert.rejects(createTestAccount(port).kv.list("shard/"), {
    message: `Cloudflare API: listing Workers KV failed: no connection (connect ECONNREFUSED 127.0.0.1:${port}). Check the network, the NetworkPolicy and CLOUDFLARE_BASE_URL`,
  });
});
