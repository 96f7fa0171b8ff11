import { type ApiCall, type ApiReply, type ApiToken, deriveId, type LocalApi } from "../api-types.ts";
import { hasPermission, listPermissionGroups } from "./permissions.ts";
import type { TokenStore } from "./token-store.ts";

const SCOPES = { account: "com.cloudflare.api.account", zone: "com.cloudflare.api.account.zone" } as const;

/** Creates the endpoints of tokens, and the list of accounts. */
export function createTokensApi(accountId: string, tokens: TokenStore): LocalApi {
  return (call) => {
    const [name = "", ...rest] = call.path.slice(3);
    if (call.method !== "GET" || rest.length > 0) return undefined;
    switch (call.path.slice(0, 3).join("/")) {
      case "user/tokens/verify":
        return name === "" ? verifyToken(call.token, "user") : undefined;
      case "accounts":
        return listAccounts(call, accountId);
      case `accounts/${accountId}/tokens`:
        return handleAccountTokens(call, name, tokens, accountId);
      default:
        return undefined;
    }
  };
}

function handleAccountTokens(
  { token, query }: ApiCall,
  name: string,
  tokens: TokenStore,
  accountId: string,
): ApiReply | undefined {
  if (name === "") return undefined;
  if (name === "verify") return verifyToken(token, "account");
  if (name === "permission_groups") return listGroups(query);
  const foundToken = tokens.findById(name);
  return foundToken
    ? { result: { ...describeToken(foundToken), policies: [describePolicy(foundToken, accountId)] } }
    : { status: 404, code: 1003, message: "Token not found" };
}

/** Each of the two endpoints rejects the tokens of the other kind. */
function verifyToken(token: ApiToken, kind: ApiToken["kind"]): ApiReply {
  return token.kind === kind
    ? { result: { id: token.id, status: "active" } }
    : { status: 401, code: 1000, message: "Invalid API Token" };
}

/** Tokens that the account owns cannot list accounts. */
function listAccounts({ token }: ApiCall, accountId: string): ApiReply {
  if (token.kind === "account") return { status: 400, code: 1001, message: "Method not allowed for this token" };
  const result = hasPermission(token, "Account Settings", "Read") ? [{ id: accountId, name: "Local account" }] : [];
  const count = result.length;
  return { result, resultInfo: { page: 1, per_page: 20, count, total_count: count, total_pages: 1 } };
}

function listGroups(query: URLSearchParams): ApiReply {
  const groups = listPermissionGroups().map(({ name, scope }) => describeGroup(name, SCOPES[scope]));
  const matchesFilters = ({ name, scopes }: { name: string; scopes: readonly string[] }) =>
    name === (query.get("name") ?? name) && scopes.includes(query.get("scope") ?? scopes[0] ?? "");
  return { result: groups.filter(matchesFilters) };
}

function describeGroup(name: string, ...scopes: string[]) {
  return { id: deriveId(`permission group ${name}`), name, scopes };
}

function describeToken({ id, value }: ApiToken): object {
  return { id, name: value.slice(0, 5), status: "active" };
}

function describePolicy({ permissions, zones }: ApiToken, accountId: string): object {
  const groups = listPermissionGroups().filter(({ name }) => permissions === "all" || permissions.includes(name));
  const zoneResources = zones === "all" ? ["*"] : zones.map(deriveId);
  const resources = [
    `${SCOPES.account}.${accountId}`,
    ...zoneResources.map((resource) => `${SCOPES.zone}.${resource}`),
  ];
  return {
    id: deriveId("policy"),
    effect: "allow",
    permission_groups: groups.map(({ name, scope }) => describeGroup(name, SCOPES[scope])),
    resources: Object.fromEntries(resources.map((resource) => [resource, "*"])),
  };
}
