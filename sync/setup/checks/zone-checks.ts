import type { AccountFacts } from "../facts.ts";
import type { ZoneFacts } from "../zone-facts.ts";
import { type CheckResult, check } from "./check.ts";

const MAX_ROUTES = 1000; // in a zone
const FULL_PERCENT = 85; // the dashboard warns from there too

/** Checks the zones: visible, active, not paused, with a usable SSL mode, and below the limits of their plan. */
export function checkZones({ zones, zoneCount }: AccountFacts, wantedNames: readonly string[]): readonly CheckResult[] {
  if (!zones.ok) return [check("zones").skipped(`zones were not read: ${zones.problem}`)];
  const names = new Set(zones.value.map(({ name }) => name));
  const invisible = wantedNames.filter((name) => !names.has(name));
  return [
    ...invisible.map((name) =>
      check("zones").error("token does not see the zone", "Add the zone to the token's resources", name),
    ),
    ...(zones.value.length < zoneCount && wantedNames.length === 0
      ? [check("zones").warning(`checked ${zones.value.length} of ${zoneCount} zones`, "Name the zones with --zone")]
      : []),
    ...zones.value.flatMap(checkZone),
  ];
}

function checkZone(zone: ZoneFacts): readonly CheckResult[] {
  return [checkState(zone), checkSslMode(zone), ...checkLimits(zone), checkCertificates(zone)];
}

function checkState({ name, status, isPaused, type, plan }: ZoneFacts): CheckResult {
  const report = check("zone");
  if (status !== "active")
    return report.error(`zone is ${status}: Cloudflare serves nothing`, "Set the name servers of the zone", name);
  if (isPaused)
    return report.error("zone is paused: every host goes around the Worker", "Resume the zone in the dashboard", name);
  if (type === "partial")
    return report.warning(
      `zone has a CNAME setup (plan ${plan}): wildcard hosts have no certificate`,
      "Use a full setup, or one certificate per host",
      name,
    );
  return report.ok(`zone is active (plan ${plan})`, name);
}

/** What each SSL mode means for the requests to origins. */
const SSL_MODES: Readonly<Record<string, readonly [status: "ok" | "warning" | "error", message: string]>> = {
  off: ["error", "SSL mode off: clients cannot use https"],
  flexible: ["warning", "SSL mode flexible: origins are reached over http, even with backend-protocol HTTPS"],
  full: ["ok", "SSL mode full: origins with HTTPS may have any certificate"],
  strict: ["ok", "SSL mode strict: origins with HTTPS need a certificate of a public CA or of Cloudflare's Origin CA"],
  origin_pull: ["ok", "SSL mode strict (origin pull): origins are reached over https only, with a trusted certificate"],
};

function checkSslMode({ name, sslMode }: ZoneFacts): CheckResult {
  const report = check("ssl-mode");
  if (!sslMode.ok) return report.skipped(`SSL mode was not read: ${sslMode.problem}`, name);
  const [status, message] = SSL_MODES[sslMode.value] ?? ["ok", `SSL mode ${sslMode.value}`];
  const remedy = "Set the SSL mode of the zone to Full (strict)";
  return status === "ok" ? report.ok(message, name) : report[status](message, remedy, name);
}

function checkLimits({ name, records, routes }: ZoneFacts): readonly CheckResult[] {
  return [
    records.ok
      ? checkUsage("records", "DNS records", records.value.used, records.value.quota, name)
      : check("records").skipped(`DNS records were not counted: ${records.problem}`, name),
    routes.ok
      ? checkUsage("routes", "Worker routes", routes.value.length, MAX_ROUTES, name)
      : check("routes").skipped(`Worker routes were not counted: ${routes.problem}`, name),
  ];
}

function checkUsage(name: string, noun: string, used: number, quota: number | undefined, zone: string): CheckResult {
  const report = check(name);
  if (quota === undefined) return report.ok(`${used} ${noun}; the quota belongs to the account`, zone);
  const message = `${used} of ${quota} ${noun}`;
  if (used >= quota) return report.error(message, "Use a wildcard host, or a plan with a larger quota", zone);
  if (used * 100 >= quota * FULL_PERCENT)
    return report.warning(message, "Use a wildcard host, or a plan with a larger quota", zone);
  return report.ok(message, zone);
}

function checkCertificates({ name, certificates }: ZoneFacts): CheckResult {
  const report = check("certificates");
  if (!certificates.ok) return report.skipped(`certificates were not read: ${certificates.problem}`, name);
  const { used, quota } = certificates.value;
  if (quota > 0) return report.ok(`${used} of ${quota} advanced certificates`, name);
  return report.ok(
    "Universal SSL covers the zone's name and one label below it; deeper hosts need a certificate",
    name,
  );
}
