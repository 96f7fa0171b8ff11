import type { ApiCall, ApiReply } from "../api-types.ts";
import type { LocalZone, ZoneStore } from "./zone-store.ts";

const SWITCH = ["on", "off"];

const SETTING_VALUES: Readonly<Record<string, readonly string[]>> = {
  ssl: ["off", "flexible", "full", "strict", "origin_pull"],
  min_tls_version: ["1.0", "1.1", "1.2", "1.3"],
  tls_1_3: ["on", "off", "zrt"],
  always_use_https: SWITCH,
  websockets: SWITCH,
};

/** Reads or changes settings of a zone: `/zones/ID/settings` and `/zones/ID/settings/SETTING`. */
export function handleZoneSettings(
  { method, body }: ApiCall,
  zone: LocalZone,
  settingId: string | undefined,
  zones: ZoneStore,
): ApiReply | undefined {
  if (settingId === undefined)
    return method === "GET" ? { result: Object.keys(zone.settings).map((id) => formatSetting(zone, id)) } : undefined;
  const allowedValues = Object.hasOwn(SETTING_VALUES, settingId) ? SETTING_VALUES[settingId] : undefined;
  if (!allowedValues) return { status: 400, code: 1006, message: `Undefined zone setting: ${settingId}` };
  if (method === "GET") return { result: formatSetting(zone, settingId) };
  if (method !== "PATCH") return undefined;
  const { value } = JSON.parse(body.toString()) as { value?: unknown };
  if (typeof value !== "string" || !allowedValues.includes(value))
    return { status: 400, code: 1007, message: `Invalid value for zone setting ${settingId}` };
  zones.change(zone.name, { settings: { [settingId]: value } });
  return { result: formatSetting(zones.get(zone.id) ?? zone, settingId) };
}

function formatSetting({ settings }: LocalZone, id: string): object {
  return { id, value: settings[id], editable: true, modified_on: null };
}
