import * as z from "zod/mini";
import { errorMessage } from "../rules/error-message.ts";
import { PolicySettings } from "../rules/policies/index.ts";
import { Backend, type HostRules, type Route } from "../rules/snapshot.ts";
import { findHostRecord, findSettingsRecords } from "../rules/storage/shard-text.ts";
import { countFields, countPresent, isConditions, isObject, isPathMatch, isTextOrMissing } from "./route-shape.ts";
import { formatZodError } from "./verify.ts";

/** The rules of a host, and the length of their text in the shard, with the settings that they use. */
export interface HostRecord {
  readonly rules: HostRules;
  readonly length: number;
}

const Backends = z.record(z.string(), Backend);
const HOST_FIELDS = new Set(["host", "policies", "routes", "backends"]);
/** A route as stored: its policies are a key of the shard's settings. */
type StoredRoute = Omit<Route, "policies"> & { readonly policies?: string };

/** Returns the rules of a host in the text of a shard, or undefined if it is not there. Throws if they are invalid. */
export function readHostRules(text: string, host: string, digest: string): HostRecord | undefined {
  const json = findHostRecord(text, host);
  if (json === undefined) return undefined;
  try {
    const { rules, settingsLength } = parseHostRules(JSON.parse(json), text);
    if (rules.host === host) return { rules, length: json.length + settingsLength };
    throw new Error(`the rules of ${rules.host} are under ${host}`);
  } catch (error) {
    throw new Error(`shard ${digest} is invalid: ${errorMessage(error)}`);
  }
}

/**
 * Checks a stored host without a schema of zod, because a host may have 10,000 routes and the signed manifest has the
 * digest of the text. An unknown field is refused as by a strict schema: a newer controller may have written a guard.
 */
function parseHostRules(stored: unknown, text: string): { rules: HostRules; settingsLength: number } {
  const { host, policies, routes, backends } = requireFields(stored, HOST_FIELDS, "hosts.0");
  if (typeof host !== "string" || !Array.isArray(routes)) throw new Error("invalid_type at hosts.0");
  const hostKey = requireKey(policies, "hosts.0.policies");
  const keys = new Set(hostKey === undefined ? [] : [hostKey]);
  routes.forEach((route, index) => {
    const { policies: key } = checkRoute(route, index);
    if (key !== undefined) keys.add(key);
  });
  const records = findSettingsRecords(text, keys);
  const settings = parseSettings(records, keys);
  const findSettings = (key: string | undefined) =>
    key === undefined ? NO_SETTINGS : (settings.get(key) ?? NO_SETTINGS);
  const rules: HostRules = {
    host,
    policies: findSettings(hostKey),
    routes: replacePolicies(routes, findSettings),
    backends: parse(Backends, backends, "hosts.0.backends"),
  };
  return { rules, settingsLength: [...records.values()].reduce((sum, json) => sum + json.length, 0) };
}

const NO_SETTINGS: PolicySettings = {};

/** Replaces keys of settings in place, because copies of 10,000 routes would take a third of the time. */
function replacePolicies(
  storedRoutes: StoredRoute[],
  findSettings: (key: string | undefined) => PolicySettings,
): Route[] {
  const routes = storedRoutes as { policies?: unknown }[];
  routes.forEach((route) => {
    route.policies = findSettings(route.policies as string | undefined);
  });
  return routes as Route[];
}

function parseSettings(
  records: ReadonlyMap<string, string>,
  keys: ReadonlySet<string>,
): ReadonlyMap<string, PolicySettings> {
  return new Map(
    [...keys].map((key) => {
      const json = records.get(key);
      if (json === undefined) throw new Error(`the shard has no settings ${key}`);
      return [key, parse(PolicySettings, JSON.parse(json), `settings.${key}`)] as const;
    }),
  );
}

function checkRoute(route: unknown, index: number): StoredRoute {
  const problem = findRouteProblem(route);
  if (problem !== undefined) throw new Error(`${problem} at hosts.0.routes.${index}`);
  return route as StoredRoute;
}

/** Counts the fields in place of comparing their names, because a cold isolate checks 10,000 routes. */
function findRouteProblem(route: unknown): string | undefined {
  if (!isObject(route)) return "invalid_type";
  const { id, path, when, backend, policies } = route;
  if (typeof id !== "string" || !isTextOrMissing(backend) || !isTextOrMissing(policies)) return "invalid_type";
  const fieldCount = 2 + countPresent(when) + countPresent(backend) + countPresent(policies);
  if (countFields(route) !== fieldCount) return `unrecognized_keys ${Object.keys(route).join(", ")}`;
  if (!isPathMatch(path)) return "invalid path";
  return when === undefined || isConditions(when) ? undefined : "invalid conditions";
}

function requireFields(value: unknown, fields: ReadonlySet<string>, place: string): Readonly<Record<string, unknown>> {
  if (!isObject(value)) throw new Error(`invalid_type at ${place}`);
  const unknownField = Object.keys(value).find((name) => !fields.has(name));
  if (unknownField !== undefined) throw new Error(`unrecognized_keys ${unknownField} at ${place}`);
  return value;
}

function requireKey(value: unknown, place: string): string | undefined {
  if (!isTextOrMissing(value)) throw new Error(`invalid_type at ${place}`);
  return value;
}

function parse<T>(schema: z.ZodMiniType<T>, value: unknown, place: string): T {
  const result = z.safeParse(schema, value);
  if (result.success) return result.data;
  throw new Error(`${place}: ${formatZodError(result.error)}`);
}
