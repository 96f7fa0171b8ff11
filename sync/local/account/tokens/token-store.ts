import { type ApiToken, deriveId } from "../api-types.ts";

/** A token to create. By default it is owned by the account and may do everything. */
export type TokenOptions = Pick<ApiToken, "value"> & Partial<Omit<ApiToken, "id">>;

/** The tokens of the account. */
export interface TokenStore {
  /** Returns the oldest token. */
  first(): ApiToken;
  find(value: string): ApiToken | undefined;
  findById(id: string): ApiToken | undefined;
  add(options: TokenOptions): ApiToken;
  revoke(value: string): void;
}

/** Creates the tokens. There must be one or more. */
export function createTokenStore(initialTokens: readonly TokenOptions[]): TokenStore {
  const tokens = new Map<string, ApiToken>();
  const add = (options: TokenOptions): ApiToken => {
    const id = deriveId(`token ${options.value}`);
    const token: ApiToken = { kind: "account", permissions: "all", zones: "all", ...options, id };
    tokens.set(token.value, token);
    return token;
  };
  for (const options of initialTokens) add(options);
  const first = () => {
    const [token] = tokens.values();
    if (!token) throw new Error("the local account has no token");
    return token;
  };
  return {
    first,
    find: (value) => tokens.get(value),
    findById: (id) => [...tokens.values()].find((token) => token.id === id),
    add,
    revoke: (value) => {
      tokens.delete(value);
    },
  };
}
