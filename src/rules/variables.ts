import { type Parsed, parsed, refused } from "./parsed.ts";

/** nginx's variables that a value may use, as ingress-nginx sets them; `$1` to `$9` are groups of the path's expression. */
const VARIABLES = [
  ...["host", "http_host", "best_http_host", "scheme", "pass_access_scheme", "request_uri", "escaped_request_uri"],
  ...[
    "uri",
    "args",
    "query_string",
    "is_args",
    "remote_addr",
    "binary_remote_addr",
    "remote_user",
    "request_method",
    "req_id",
    "request_id",
  ],
  ...["server_name", "server_port", "pass_server_port", "namespace", "ingress_name", "service_name", "service_port"],
  "subdomain",
];
const FAMILIES = /^(?:arg|http|cookie)_[a-z0-9_]+$/;
/** A variable in a text: `$name`, `${name}` or `$1`. */
export const VARIABLE = /\$(?:([1-9])|\{([a-z0-9_]+)\}|([a-z][a-z0-9_]*))/g;

/** The text itself, if every `$` in it begins a variable that the edge knows. */
export function parseTemplate(text: string): Parsed<string> {
  const rest = text.replace(VARIABLE, (whole, group?: string, braced?: string, bare?: string) => {
    const name = braced ?? bare ?? "";
    return group !== undefined || VARIABLES.includes(name) || FAMILIES.test(name) ? "" : whole;
  });
  const unknown = /\$\{?\w*\}?/.exec(rest);
  return unknown ? refused(`expected variables that the edge knows, got "${unknown[0]}"`) : parsed(text);
}

/** Whether a text uses any variable. */
export function isTemplate(text: string): boolean {
  return text.search(VARIABLE) >= 0;
}
