import type { LocalAccount } from "../../../sync/local/account/account.ts";

/** A response of the account's API. `json` is undefined if the body is no JSON. */
export interface AccountResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests read what each endpoint returns
  readonly json: any;
}

/** Sends a request to the account's API with these headers only. */
export async function sendApiRequest(
  { baseURL }: Pick<LocalAccount, "baseURL">,
  line: string,
  headers: Readonly<Record<string, string>>,
  body?: RequestInit["body"],
): Promise<AccountResponse> {
  const [method = "GET", path = "/"] = line.split(" ");
  const response = await fetch(`${baseURL}${path}`, { method, headers, ...(body && { body }) });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: parseJson(text) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
