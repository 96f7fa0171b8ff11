import type { PolicyName } from "../../src/rules/policies/index.ts";
import { nameOf } from "../compile/select.ts";
import type { Finding } from "./finding.ts";
import { at, type Survey, type SurveyedHost, urlOf } from "./survey.ts";

// Every host with a certificate has these, so nobody is surprised.
const EXPECTED: readonly PolicyName[] = ["hsts", "sslRedirect"];

/** What no path of a host takes has the policies of the oldest Ingress that names it, as in ingress-nginx. */
export function fallbackQuirk({ rules }: SurveyedHost, { ingresses }: Survey): Finding[] {
  const route = rules.routes.find(({ id }) => id.endsWith("#default"));
  const owner = ingresses.find(({ ingress }) => `${nameOf(ingress)}#default` === route?.id);
  if (!route || !owner || owner.ingress.rules.length === 0) return [];
  const inherited = Object.keys(route.policies).filter((name) => !EXPECTED.includes(name as PolicyName));
  if (inherited.length === 0) return [];
  const message = `what no path of ${rules.host} takes has this Ingress's policies too (${inherited.join(", ")}), the oldest of the host`;
  const url = urlOf({ host: rules.host, route }, "/what-no-path-takes");
  return [{ ...at(owner.ingress, "metadata.annotations"), rule: "fallback-inherits", kind: "quirk", message, url }];
}
