import { failure, type Result, success } from "./result.ts";

/** Supported nginx variables, as ingress-nginx sets them. `$1` to `$9` are groups of the path's regex. */
const VARIABLE_NAMES = [
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
const VARIABLE_FAMILY_PATTERN = /^(?:arg|http|cookie)_[a-z0-9_]+$/;
/** A variable in a text: `$name`, `${name}` or `$1`. */
export const VARIABLE_PATTERN = /\$(?:([1-9])|\{([a-z0-9_]+)\}|([a-z][a-z0-9_]*))/g;

/** Returns the text if every `$` in it begins a supported variable. */
export function parseTemplate(text: string): Result<string> {
  const remainder = text.replace(VARIABLE_PATTERN, (match, group?: string, bracedName?: string, bareName?: string) => {
    const name = bracedName ?? bareName ?? "";
    return group !== undefined || VARIABLE_NAMES.includes(name) || VARIABLE_FAMILY_PATTERN.test(name) ? "" : match;
  });
  const unknownVariable = /\$\{?\w*\}?/.exec(remainder);
  return unknownVariable ? failure(`expected supported variables, got "${unknownVariable[0]}"`) : success(text);
}

/** Whether a text uses any variable. */
export function isTemplate(text: string): boolean {
  return text.search(VARIABLE_PATTERN) >= 0;
}
