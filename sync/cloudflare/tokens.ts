import Cloudflare from "cloudflare";

/** The API token of a client. Cloudflare has two kinds, each with its own endpoint. */
export interface VerifiedToken {
  readonly owner: "account" | "user";
  readonly status: "active" | "disabled" | "expired";
  readonly expiresOn: string | undefined;
}

export interface Tokens {
  /** Resolves with undefined if neither endpoint knows the token. */
  verify(): Promise<VerifiedToken | undefined>;
}

/** The prefix of tokens that an account owns. */
const ACCOUNT_TOKEN_PREFIX = "cfat_";

/** Creates a client of the token endpoints. The wrong endpoint rejects a valid token, so both are tried. */
export function createTokens(client: Cloudflare, accountId: string): Tokens {
  const verifyUserToken = async () => describeToken("user", await client.user.tokens.verify());
  const verifyAccountToken = async () =>
    describeToken("account", await client.accounts.tokens.verify({ account_id: accountId }));
  const isAccountToken = client.apiToken?.startsWith(ACCOUNT_TOKEN_PREFIX) === true;
  const calls = isAccountToken ? [verifyAccountToken, verifyUserToken] : [verifyUserToken, verifyAccountToken];
  return {
    async verify() {
      for (const call of calls) {
        const token = await call().catch(ignoreRejection);
        if (token) return token;
      }
      return undefined;
    },
  };
}

type VerifyResponse = { readonly status: VerifiedToken["status"]; readonly expires_on?: string };

function describeToken(owner: VerifiedToken["owner"], { status, expires_on }: VerifyResponse): VerifiedToken {
  return { owner, status, expiresOn: expires_on };
}

function ignoreRejection(error: unknown): undefined {
  const isRejected = error instanceof Cloudflare.APIError && [400, 401, 403, 404].includes(error.status ?? 0);
  if (!isRejected) throw error;
  return undefined;
}
