import type { ApiCall, ApiReply } from "../api-types.ts";

/** DNS settings of the account. */
export interface AccountDnsSettings {
  /** Whether proxied records answer with their own content, so that Cloudflare serves nothing. */
  enforceDnsOnly: boolean;
}

/** Reads or changes the settings: `/accounts/ID/dns_settings`. */
export function handleDnsSettings({ method, body }: ApiCall, settings: AccountDnsSettings): ApiReply | undefined {
  if (method === "PATCH") {
    const { enforce_dns_only: value } = JSON.parse(body.toString()) as { enforce_dns_only?: unknown };
    if (value !== undefined && typeof value !== "boolean")
      return { status: 400, code: 1004, message: "enforce_dns_only must be a boolean" };
    settings.enforceDnsOnly = value ?? settings.enforceDnsOnly;
  } else if (method !== "GET") return undefined;
  return { result: { enforce_dns_only: settings.enforceDnsOnly, zone_defaults: { zone_mode: "standard" } } };
}
