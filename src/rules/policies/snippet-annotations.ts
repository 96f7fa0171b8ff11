import { snippetAnnotation } from "./snippet.ts";

/** The alternative to nginx configuration. */
export const SNIPPET_REMEDY =
  "use annotations, such as custom-headers, rewrite-target, permanent-redirect or proxy-read-timeout";
export const AUTH_SNIPPET_REMEDY = "send headers to the authentication service with auth-proxy-set-headers";

/** The annotations with nginx configuration that policies read in part. */
export const configurationSnippet = snippetAnnotation(
  {
    doc: "nginx configuration of the paths. Directives that the edge follows anyway, and `more_set_headers` with fixed values, do not close the paths.",
    example: "rewrite ^ /new;",
    default: "none",
  },
  "location",
  SNIPPET_REMEDY,
);

export const authSnippet = snippetAnnotation(
  {
    doc: "nginx configuration of the request to `auth-url`. `X-Forwarded-Host` with the client's host does not close the paths.",
    example: "proxy_set_header X-A b;",
    default: "none",
  },
  "authentication",
  AUTH_SNIPPET_REMEDY,
);

export const serverSnippet = snippetAnnotation(
  {
    doc: "nginx configuration of the whole host. Directives that the edge follows anyway do not close it.",
    example: "location /x { … }",
    default: "none",
  },
  "server",
  SNIPPET_REMEDY,
);
