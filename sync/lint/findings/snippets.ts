/** Replacements for directives of snippets. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/^(?:more_set_headers|add_header|more_clear_headers)$/, "set custom-headers to a ConfigMap of response headers"],
  [
    /^(?:proxy_set_header|more_set_input_headers|more_clear_input_headers)$/,
    "read X-Forwarded-* in the application; for Host, set upstream-vhost",
  ],
  [/^rewrite$/, "set rewrite-target, or permanent-redirect if it ends in redirect or permanent"],
  [/^return$/, "set permanent-redirect or temporal-redirect if it redirects the client"],
  [/^proxy_(?:connect|send|read)_timeout$/, "set the annotation of the same name, such as proxy-connect-timeout"],
  [/^client_max_body_size$/, "set proxy-body-size"],
  [/^allow$/, "set whitelist-source-range"],
  [/^deny$/, "set denylist-source-range, or whitelist-source-range with the allowed ranges"],
  [/^auth_(?:request|basic)/, "set auth-url, or auth-type with auth-secret"],
  [
    /^(?:proxy_buffer|proxy_busy|client_body_buffer|large_client_header|gzip|keepalive)/,
    "remove it: it only tunes nginx",
  ],
];

/** Returns the directives of a snippet, each once, with the replacement if there is one. */
export function parseDirectives(snippet: string): { directive: string; advice: string }[] {
  const lines = snippet.replace(/#.*$/gm, "").split(/[;{}]/);
  const directives = new Set(lines.flatMap((line) => /^\s*([a-z_]+)\b/.exec(line)?.[1] ?? []));
  return [...directives].map((directive) => {
    const entry = ADVICE.find(([pattern]) => pattern.test(directive));
    return { directive, advice: entry?.[1] ?? "no annotation replaces it" };
  });
}
