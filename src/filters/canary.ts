import { isCookieFor } from "../affinity-cookie.ts";
import type { Exchange } from "../exchange.ts";
import type { SettingsOf } from "../rules/policies/index.ts";
import { cookieOf } from "../variables.ts";
import type { Filter } from "./filter.ts";

type Settings = SettingsOf<"canary">;
/** Whether a request goes to the canary; nothing where a rule has no say in it. */
type Rule = (exchange: Exchange) => boolean | undefined;

/** Sends some requests to another backend. The first rule that has a say decides, in ingress-nginx's order. */
export function canary(settings: Settings): Filter {
  const rules = [byAffinity(settings), byHeader(settings), byCookie(settings), byWeight(settings)];
  return async (exchange, next) => {
    for (const rule of rules) {
      const chosen = rule(exchange);
      if (chosen !== undefined) return next(chosen ? { ...exchange, backend: settings.backend } : exchange);
    }
    return next(exchange);
  };
}

/** A client stays where it was. */
function byAffinity({ affinity, backend }: Settings): Rule {
  if (!affinity) return () => undefined;
  return (exchange) => {
    const cookie = cookieOf(exchange, affinity.cookie);
    if (isCookieFor(cookie, exchange.backend)) return false;
    return affinity.sticky && isCookieFor(cookie, backend) ? true : undefined;
  };
}

function byHeader({ header }: Settings): Rule {
  if (!header) return () => undefined;
  const { name, sends } = header;
  const expression = sends.by === "pattern" ? new RegExp(sends.pattern) : undefined;
  return ({ request }) => {
    const value = request.headers.get(name);
    if (value === null) return undefined;
    switch (sends.by) {
      case "word":
        return alwaysOrNever(value);
      case "value":
        return value === sends.value || undefined;
      case "pattern":
        return expression?.test(value) || undefined;
      case "nothing":
        return false;
    }
  };
}

function byCookie({ cookie }: Settings): Rule {
  return (exchange) => (cookie === undefined ? undefined : alwaysOrNever(cookieOf(exchange, cookie)));
}

function byWeight({ weight, total }: Settings): Rule {
  return () => Math.random() * total < weight;
}

function alwaysOrNever(value: string | undefined): boolean | undefined {
  return value === "always" ? true : value === "never" ? false : undefined;
}
