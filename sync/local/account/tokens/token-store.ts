import { type ApiToken, deriveId } from "../api-types.ts";

/** A token to create. By default it is owned by the account and may do everything. */
export type TokenOptions = Pick<ApiToken, "value"> & Partial<Omit<ApiToken, "id">>;

/** The tokens of the account. */
export interface TokenStore {
  find(value: string): ApiToken | undefined;
  findById(id: string): ApiToken | undefined;
  add(options: TokenOptions): ApiToken;
  revoke(value: string): void;
}

export function createTokenStore(initialTokens: readonly TokenOptions[]): TokenStore {
  const tokens = new Map<string, ApiToken>();
  const add = (options: TokenOptions): ApiToken => {
    const id = deriveId(`token ${options.value}`);
    const token: ApiToken = { kind: "account", permissions: "all", zones: "all", ...options, id };
    tokens.set(token.value, token);
    return token;
  };
  for (const options of initialTokens) add(options);
  return {
    find: (value) => tokens.get(value),
    findById: (id) => [...tokens.values()].find((token) => token.id === id),
    add,
    revoke: (value) => {
      tokens.delete(value);
    },
  };
}
