/** What a snippet's line is often for, and which annotation says it. By directive, as it begins a line. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [
    /^(?:more_set_headers|add_header|more_clear_headers)$/,
    "write custom-headers, with a ConfigMap of response headers",
  ],
  [
    /^(?:proxy_set_header|more_set_input_headers|more_clear_input_headers)$/,
    "let the application read X-Forwarded-*; Host is upstream-vhost",
  ],
  [/^rewrite$/, "write rewrite-target, or permanent-redirect where it ends in redirect or permanent"],
  [/^return$/, "write permanent-redirect or temporal-redirect, where it sends the client elsewhere"],
  [/^proxy_(?:connect|send|read)_timeout$/, "write the annotation of that name: proxy-connect-timeout and so on"],
  [/^client_max_body_size$/, "write proxy-body-size"],
  [/^allow$/, "write whitelist-source-range"],
  [/^deny$/, "write denylist-source-range, or whitelist-source-range with what is allowed"],
  [/^auth_(?:request|basic)/, "write auth-url, or auth-type with auth-secret"],
  [
    /^(?:proxy_buffer|proxy_busy|client_body_buffer|large_client_header|gzip|keepalive)/,
    "leave it out: it tunes nginx",
  ],
];

/** The directives of a snippet, each once, with what to write in place of those that are known. */
export function parseDirectives(snippet: string): { directive: string; advice: string }[] {
  const lines = snippet.replace(/#.*$/gm, "").split(/[;{}]/);
  const directives = new Set(lines.flatMap((line) => /^\s*([a-z_]+)\b/.exec(line)?.[1] ?? []));
  return [...directives].map((directive) => {
    const entry = ADVICE.find(([pattern]) => pattern.test(directive));
    return { directive, advice: entry?.[1] ?? "no annotation says this" };
  });
}
