import { type AccountOptions, type LocalAccount, startAccount } from "../../../sync/local/account/account.ts";
import { createMemoryValues } from "../../../sync/local/account/kv/namespace-storage.ts";
import { type AccountResponse, sendApiRequest } from "./send-api-request.ts";

/** An account without an edge, with a clock that the test moves. */
export interface KvAccount {
  readonly account: LocalAccount;
  readonly clock: { now: number };
  /** Sends a call below the account's namespace: "PUT /values/key". */
  send(line: string, body?: object | string | Uint8Array<ArrayBuffer>): Promise<AccountResponse>;
  /** Sends a call below `/storage/kv/namespaces`. */
  sendToNamespaces(line: string, body?: object): Promise<AccountResponse>;
}

/** Runs `use` with an account whose KV is in memory. */
export async function withKvAccount(
  options: Partial<AccountOptions>,
  use: (kv: KvAccount) => Promise<void>,
): Promise<void> {
  const clock = { now: Date.parse("2026-11-28T12:00:00Z") };
  const values = createMemoryValues();
  const account = await startAccount({ zones: [], storage: () => values, now: () => clock.now, ...options });
  const sendTo = (base: string, line: string, body?: object | string) => {
    const [method, path] = line.split(" ");
    const isEncoded = body instanceof FormData || body instanceof Uint8Array || typeof body !== "object";
    return sendApiRequest(
      account,
      `${method} /accounts/${account.accountId}/storage/kv/namespaces${base}${path}`,
      { authorization: `Bearer ${account.token}`, ...(!isEncoded && { "content-type": "application/json" }) },
      isEncoded ? (body as string) : JSON.stringify(body),
    );
  };
  try {
    await use({
      account,
      clock,
      send: (line, body) => sendTo(`/${account.namespaceId}`, line, body),
      sendToNamespaces: (line, body) => sendTo("", line, body),
    });
  } finally {
    await account.close();
  }
}

/** Formats the outcome of a call: "200", or "400 10012" with the code of its error. */
export function formatOutcome({ status, json }: AccountResponse): string {
  return [status, ...(json?.errors ?? []).map(({ code }: { code: number }) => code)].join(" ");
}
