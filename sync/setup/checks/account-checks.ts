import type { AccountFacts } from "../facts.ts";
import { type CheckResult, check } from "./check.ts";

/** Checks the switches of the account that take every host down, and the limits of its plan. */
export function checkAccount({ enforcesDnsOnly, loginsOnAllWorkers }: AccountFacts): readonly CheckResult[] {
  return [checkDnsOnly(enforcesDnsOnly), checkLogins(loginsOnAllWorkers), KV_LIMIT];
}

function checkDnsOnly(enforcesDnsOnly: AccountFacts["enforcesDnsOnly"]): CheckResult {
  const report = check("dns-only");
  if (!enforcesDnsOnly.ok) return report.skipped(`enforce_dns_only was not read: ${enforcesDnsOnly.problem}`);
  if (!enforcesDnsOnly.value) return report.ok("enforce_dns_only is off");
  return report.error(
    "enforce_dns_only is on: every host of the account goes around the Worker",
    "Turn off enforce_dns_only in the DNS settings of the account",
  );
}

function checkLogins(loginsOnAllWorkers: AccountFacts["loginsOnAllWorkers"]): CheckResult {
  const report = check("access");
  if (!loginsOnAllWorkers.ok)
    return report.skipped(
      "Access applications were not read: the token has no Account · Access: Apps and Policies · Read",
    );
  const [name] = loginsOnAllWorkers.value;
  if (name === undefined) return report.ok("no Access application covers all Workers");
  return report.error(
    `Access application covers all Workers: ${name}. Every host needs a login, and WebSockets fail`,
    "Limit the application to the Workers that need it",
  );
}

/** The API does not return the plan of Workers. */
const KV_LIMIT: CheckResult = check("kv-limit").ok(
  "Workers Free has 1,000 KV writes and 100,000 requests a day; a changed Ingress needs 3 writes",
);
