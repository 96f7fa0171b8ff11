import type { AccountFacts } from "../facts.ts";
import { type ProbedPermission, ZONE_READ } from "../permissions.ts";
import { type CheckResult, check } from "./check.ts";

const EXPIRY_WARNING_DAYS = 14;
const DAY_MS = 86_400_000;
const TOKENS_URL = "https://dash.cloudflare.com/profile/api-tokens";

/** Checks whether the API token is active, which kind it is, and when it expires. */
export function checkToken({ token }: AccountFacts, now: Date): readonly CheckResult[] {
  const report = check("token");
  if (!token.ok) return [report.error(`token cannot be verified: ${token.problem}`, "Try again in a minute")];
  if (!token.value)
    return [
      report.error(
        "token is unknown to Cloudflare",
        `Set CLOUDFLARE_API_TOKEN to a token of the account CLOUDFLARE_ACCOUNT_ID: ${TOKENS_URL}`,
      ),
    ];
  const { owner, status, expiresOn } = token.value;
  if (status !== "active") return [report.error(`token is ${status}`, `Create a token: ${TOKENS_URL}`)];
  return [
    owner === "account"
      ? report.ok("token is active and belongs to the account")
      : report.warning(
          "token is active and belongs to a user: it shares its limit of calls with the user's other tokens",
          "Create an account API token for the controller",
        ),
    ...(expiresOn === undefined ? [] : checkExpiry(expiresOn, now)),
  ];
}

function checkExpiry(expiresOn: string, now: Date): readonly CheckResult[] {
  const report = check("token-expiry");
  const days = Math.floor((Date.parse(expiresOn) - now.getTime()) / DAY_MS);
  if (days >= EXPIRY_WARNING_DAYS) return [report.ok(`token expires in ${days} days`)];
  return [report.warning(`token expires in ${days} days: ${expiresOn}`, "Create a new token before that day")];
}

/** Checks each permission of the token, and names what fails without it. */
export function checkPermissions({ permissions, zones }: AccountFacts): readonly CheckResult[] {
  const report = check("permission");
  const zoneRead = zones.ok && zones.value.length > 0;
  return [
    ...permissions.map(judgePermission),
    zoneRead
      ? report.ok("allowed", ZONE_READ)
      : report.error(
          "denied, or no zone in the token's resources: hosts have no zone",
          `Add the permission ${ZONE_READ} and the zones of your hosts to the token: ${TOKENS_URL}`,
          ZONE_READ,
        ),
  ];
}

function judgePermission({ permission, zone, result, problem }: ProbedPermission): CheckResult {
  const report = check("permission");
  const subject = zone === undefined ? permission.name : `${permission.name} (${zone})`;
  if (result === "allowed") return report.ok("allowed", subject);
  if (result === "unknown") return report.skipped(`not checked: ${problem}`, subject);
  const remedy = `Add the permission to the token: ${TOKENS_URL}`;
  const message = `denied: ${permission.effect}`;
  return permission.isOptional ? report.warning(message, remedy, subject) : report.error(message, remedy, subject);
}
