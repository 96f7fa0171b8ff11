import type { Snippet } from "../../../src/rules/policies/snippet.ts";
import type { JudgedDirective } from "../../../src/rules/policies/snippet-directives.ts";
import type { Finding } from "./finding.ts";

/** Replacements for directives of snippets. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/^(?:more_set_headers|add_header|more_clear_headers)$/, "set custom-headers to a ConfigMap of response headers"],
  [
    /^(?:proxy_set_header|more_set_input_headers|more_clear_input_headers)$/,
    "read X-Forwarded-* in the application; for Host, set upstream-vhost",
  ],
  [/^rewrite$/, "set rewrite-target, or permanent-redirect if it ends in redirect or permanent"],
  [/^return$/, "set permanent-redirect or temporal-redirect if it redirects the client"],
  [/^location$/, "add its path to an Ingress, with the annotations for it"],
  [/^proxy_(?:connect|send|read)_timeout$/, "set the annotation of the same name, such as proxy-connect-timeout"],
  [/^client_max_body_size$/, "set proxy-body-size"],
  [/^allow$/, "set whitelist-source-range"],
  [/^deny$/, "set denylist-source-range, or whitelist-source-range with the allowed ranges"],
  [/^auth_request_set$/, "set auth-response-headers to the headers of the authentication service"],
  [/^auth_(?:request|basic)/, "set auth-url, or auth-type with auth-secret"],
  [/^proxy_ssl_verify$/, "set the zone's SSL mode to Full (strict)"],
  [
    /^(?:proxy_buffer|proxy_busy|client_body_buffer|large_client_header|gzip|keepalive)/,
    "remove it: it only tunes nginx",
  ],
];

type SnippetFinding = Pick<Finding, "rule" | "kind" | "message" | "remedy">;

/** Describes each directive of a snippet once: its replacement, or why it can be removed. */
export function describeSnippet(snippet: Snippet, hasAuthUrl: boolean): SnippetFinding[] {
  if (snippet.type === "unreadable") return [];
  const findings = snippet.directives.map((judged) => describeDirective(judged, hasAuthUrl));
  return [...new Map(findings.map((finding) => [finding.message, finding])).values()];
}

function describeDirective({ name, label, verdict }: JudgedDirective, hasAuthUrl: boolean): SnippetFinding {
  if (verdict.type === "unneeded" && (hasAuthUrl || !verdict.needsAuthUrl))
    return { rule: "snippet-not-needed", kind: "note", message: `${label}: ${verdict.reason}`, remedy: "remove it" };
  if (verdict.type === "response-headers") {
    const names = verdict.headers.map(([headerName]) => headerName).join(", ");
    return { rule: "snippet-headers", kind: "unchanged", message: `${label}: read as response headers: ${names}` };
  }
  if (verdict.type === "authentication-header")
    return { rule: "snippet-headers", kind: "unchanged", message: `${label}: sent to the authentication service` };
  const advice = ADVICE.find(([pattern]) => pattern.test(name))?.[1] ?? "no annotation replaces it";
  return { rule: "snippet", kind: "unsupported", message: label, remedy: advice };
}
