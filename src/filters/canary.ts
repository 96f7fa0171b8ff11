import type { Exchange } from "../request/exchange.ts";
import type { Filter } from "../request/filter.ts";
import { readCookie } from "../request/nginx-variables.ts";
import { warmUpRegex } from "../rules/paths.ts";
import type { SettingsOf } from "../rules/policies/index.ts";
import { isAffinityCookieFor } from "./affinity-cookie.ts";

/** Maximum length of a header to match with a regex. A longer one does not match. */
const MAX_PATTERN_SUBJECT_LENGTH = 1024;

type CanarySettings = SettingsOf<"canary">;
/** Whether a request goes to the canary; undefined if the rule does not apply. */
type CanaryRule = (exchange: Exchange) => boolean | undefined;

/** Sends some requests to another backend. The first rule that applies decides, in ingress-nginx's order. */
export function canary(settings: CanarySettings): Filter {
  const rules = [
    createAffinityRule(settings),
    createHeaderRule(settings),
    createCookieRule(settings),
    createWeightRule(settings),
  ];
  return async (exchange, next) => {
    for (const rule of rules) {
      const isCanary = rule(exchange);
      if (isCanary !== undefined) return next(isCanary ? { ...exchange, backend: settings.backend } : exchange);
    }
    return next(exchange);
  };
}

/** Keeps a client at its backend. */
function createAffinityRule({ affinity, backend }: CanarySettings): CanaryRule {
  if (!affinity) return () => undefined;
  return (exchange) => {
    const cookie = readCookie(exchange, affinity.cookie);
    if (isAffinityCookieFor(cookie, exchange.backend)) return false;
    return affinity.sticky && isAffinityCookieFor(cookie, backend) ? true : undefined;
  };
}

function createHeaderRule({ header }: CanarySettings): CanaryRule {
  if (!header) return () => undefined;
  const { name, sends } = header;
  const regex = sends.by === "pattern" ? new RegExp(sends.pattern) : undefined;
  return ({ request }) => {
    const value = request.headers.get(name);
    if (value === null) return undefined;
    switch (sends.by) {
      case "word":
        return parseAlwaysOrNever(value);
      case "value":
        return value === sends.value || undefined;
      case "pattern":
        return (
          (value.length <= MAX_PATTERN_SUBJECT_LENGTH && regex && warmUpRegex(regex, value).test(value)) || undefined
        );
      case "invalid-pattern":
        return false;
    }
  };
}

function createCookieRule({ cookie }: CanarySettings): CanaryRule {
  return (exchange) => (cookie === undefined ? undefined : parseAlwaysOrNever(readCookie(exchange, cookie)));
}

function createWeightRule({ weight, total }: CanarySettings): CanaryRule {
  return () => Math.random() * total < weight;
}

function parseAlwaysOrNever(value: string | undefined): boolean | undefined {
  return value === "always" ? true : value === "never" ? false : undefined;
}
