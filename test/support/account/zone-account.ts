import { after } from "node:test";
import { type AccountOptions, type LocalAccount, startAccount } from "../../../sync/local/account/account.ts";
import { type AccountReply, callAccount } from "./call-account.ts";

/** An account without KV, and the DNS records of its first zone. */
export interface ZoneAccount {
  readonly account: LocalAccount;
  readonly call: (line: string, body?: object | string) => Promise<AccountReply>;
  /** Path of the records of the first zone. */
  readonly records: string;
  /** Creates a record in the first zone. */
  create(record: object): Promise<AccountReply>;
}

const startedAccounts: LocalAccount[] = [];
after(() => Promise.all(startedAccounts.map(({ close }) => close())));

/** Starts an account with the zone example.com until the end of the file's tests. */
export async function startZoneAccount(options: Partial<AccountOptions> = {}): Promise<ZoneAccount> {
  const storage = () => {
    throw new Error("no storage");
  };
  const account = await startAccount({ zones: ["example.com"], storage, ...options });
  startedAccounts.push(account);
  const call = (line: string, body?: object | string) => callAccount(account, line, body);
  const records = `/zones/${account.zoneIds[0]}/dns_records`;
  return { account, call, records, create: (record) => call(`POST ${records}`, record) };
}
