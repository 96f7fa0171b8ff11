import type { LocalAccount } from "../../../sync/local/account/account.ts";

/** A reply of the account's API. `codes` are those of the errors, with their inner reasons. */
export interface AccountReply {
  readonly status: number;
  readonly codes: readonly number[];
  // biome-ignore lint/suspicious/noExplicitAny: tests read what each endpoint returns
  readonly result: any;
}

/** Calls the account's API. A path that starts with "/workers" or another product is below the account. */
export async function callAccount(
  { baseURL, accountId, token }: Pick<LocalAccount, "baseURL" | "accountId" | "token">,
  line: string,
  body?: object | string,
): Promise<AccountReply> {
  const [method = "GET", path = "/"] = line.split(" ");
  const isAccountPath = !/^\/(accounts|zones|user|memberships)\b/.test(path);
  const isEncoded = body === undefined || typeof body === "string" || body instanceof FormData;
  const response = await fetch(`${baseURL}${isAccountPath ? `/accounts/${accountId}` : ""}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(!isEncoded && { "content-type": "application/json" }) },
    ...(body !== undefined && { body: isEncoded ? (body as string | FormData) : JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.headers.get("content-type")?.includes("json"))
    return { status: response.status, codes: [], result: text };
  const { errors = [], result } = JSON.parse(text);
  return { status: response.status, codes: errors.flatMap(listCodes), result };
}

function listCodes({ code, error_chain = [] }: { code: number; error_chain?: { code: number }[] }): number[] {
  return [code, ...error_chain.map((inner) => inner.code)];
}

/** Returns the form that uploads a script with one module. */
export function buildUpload(
  source: string,
  metadata: object = {},
  { name = "index.js", type = "application/javascript+module" } = {},
): FormData {
  const form = new FormData();
  form.set("metadata", JSON.stringify({ main_module: "index.js", compatibility_date: "2026-11-17", ...metadata }));
  form.set(name, new File([source], name, { type }));
  return form;
}
