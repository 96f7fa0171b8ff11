import type * as z from "zod";

/** An example value of each field. "" is the document. */
const EXAMPLES: Readonly<Record<string, string>> = {
  "": "claims: [{ namespaces: [shop], hosts: [shop.example.com] }]",
  claims: "[{ namespaces: [shop], hosts: [shop.example.com] }]",
  limits: '[{ namespaces: ["*"], maxRoutes: 100 }]',
  origins: '[{ namespaces: ["*"], addresses: [203.0.113.0/24] }]',
  namespaces: '[shop, "team-*"]',
  hosts: '[shop.example.com, "*.example.com"]',
  paths: "[/cart]",
  maxRoutes: "100",
  maxRegexes: "50",
  maxBytes: "1048576",
  maxIngressHosts: "20",
  maxIngressBytes: "262144",
  addresses: '[203.0.113.0/24, "*.elb.example.org"]',
};

/** The fields of the document (""), and of the entries of each list. */
const FIELDS: Readonly<Record<string, string>> = {
  "": "claims, limits or origins",
  claims: "namespaces, hosts or paths",
  limits: "namespaces, maxRoutes, maxRegexes, maxBytes, maxIngressHosts or maxIngressBytes",
  origins: "namespaces or addresses",
};

const TYPE_NAMES: Readonly<Record<string, string>> = {
  object: "a mapping",
  array: "a list",
  string: "a text",
  number: "a number",
  int: "a whole number",
};

/** Describes an issue of the permits schema with an example: `must not be empty. Use a value such as [/cart]`. */
export function describePermitsIssue(issue: z.core.$ZodIssue): string {
  const example = EXAMPLES[String(issue.path.at(-1) ?? "")];
  const remedy = example === undefined ? "" : `. Use a value such as ${example}`;
  switch (issue.code) {
    case "unrecognized_keys":
      return `unknown field: ${issue.keys.join(", ")}. Use ${FIELDS[String(issue.path[0] ?? "")]}`;
    case "invalid_type":
      return issue.input === undefined
        ? `missing${remedy}`
        : `must be ${TYPE_NAMES[issue.expected] ?? issue.expected}${remedy}`;
    case "too_small":
      return (issue.origin === "array" ? "must not be empty" : `must be ${issue.minimum} or more`) + remedy;
    default:
      return issue.message;
  }
}
