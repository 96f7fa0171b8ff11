/** The rules of lint that are not diagnostics. The title is a noun phrase. */
export const lintRules = {
  InvalidManifest: {
    title: "File that is not readable",
    doc: "The file is not valid YAML or JSON, or it is a template. Its objects are not checked.",
  },
  "missing-path-type": {
    title: "Path without pathType",
    doc: "The API server rejects a path of networking.k8s.io/v1 without pathType. In older versions, the default is Prefix.",
  },
  "tls-without-host": {
    title: "spec.tls without a host of the Ingress",
    doc: "No entry of spec.tls names a host of the Ingress. The edge redirects http to https anyway; ingress-nginx only if the certificate has the host.",
  },
  "private-source-range": {
    title: "Source range with private addresses",
    doc: "The edge sees the public addresses of clients. A private range matches no client; a list of only private ranges accepts no client.",
  },
  "slash-redirect": {
    title: "Path with a final slash",
    doc: "ingress-nginx redirects the path without the slash to it. The edge follows the Ingress specification and serves both.",
  },
  "regex-applies-to-host": {
    title: "Regex that changes all paths of its host",
    doc: "As in ingress-nginx, one regex path makes every path of the host a case-insensitive, open-ended regex.",
  },
  "exact-matches-longer-paths": {
    title: "Exact path that matches longer paths",
    doc: "The host has regex paths, so an Exact path matches every path that starts with it, as in ingress-nginx.",
  },
  "prefix-matches-partial-segment": {
    title: "Prefix path that matches part of a segment",
    doc: "The host has regex paths, so a Prefix path matches every path that starts with it, as in ingress-nginx.",
  },
  "dot-is-wildcard": {
    title: "Dot that matches any character",
    doc: "The host has regex paths, so a dot in a path matches any character, as in ingress-nginx.",
  },
  "case-insensitive": {
    title: "Host with case-insensitive paths",
    doc: "The host has regex paths, so its paths ignore case, as in ingress-nginx.",
  },
  "rewrite-without-groups": {
    title: "rewrite-target without groups",
    doc: "Every request that matches the path is rewritten to the same path, as in ingress-nginx.",
  },
  "legacy-rewrite": {
    title: "rewrite-target with its meaning before 2018",
    doc: "Under the prefix ingress.kubernetes.io/, the target replaces the matched part of the path.",
  },
  "legacy-prefix": {
    title: "Annotation prefix from before 2018",
    doc: "ingress-nginx reads ingress.kubernetes.io/ only with --annotations-prefix. edgress reads it.",
  },
  "regex-not-enabled": {
    title: "Path that looks like a regex",
    doc: "The path has regex characters, but matches literally, because no annotation enables regexes.",
  },
  "regex-path-type": {
    title: "Regex with the pathType Prefix or Exact",
    doc: "ingress-nginx rejects such a path with strict-validate-path-type.",
  },
  "forwarded-prefix-not-boolean": {
    title: "x-forwarded-prefix with a boolean",
    doc: "The annotation was a boolean before ingress-nginx 0.24. Now it is the value of the header.",
  },
  "default-backend-inherits-policies": {
    title: "Policies that unmatched paths inherit",
    doc: "Unmatched paths of a host use policies of its oldest Ingress, as in ingress-nginx.",
  },
  "rewrite-leaves-target": {
    title: "Rewrite that can leave its target",
    doc: "A group can begin with dots, so in ingress-nginx a request reaches paths outside of the target. The edge answers 400.",
  },
  "redirect-host-not-fixed": {
    title: "Redirect with a host that the client can extend",
    doc: "A group or an argument follows the host name of a redirect without a slash, here and in ingress-nginx.",
  },
  "partial-support": {
    title: "Partially supported",
    doc: "The annotation has the same intent as in ingress-nginx, with a difference.",
  },
  snippet: {
    title: "Directive of a snippet",
    doc: "The directive has a replacement, or none.",
  },
  "snippet-not-needed": {
    title: "Directive that can be removed",
    doc: "The directive requests what the edge does anyway.",
  },
  "snippet-headers": {
    title: "Directive that is supported",
    doc: "The directive sets response headers, or a header of the request to auth-url.",
  },
  "glob-path": {
    title: "Path with the wildcard of AWS and Google Cloud",
    doc: "A final /* is not a wildcard here. A path with pathType Prefix has that meaning.",
  },
  "cert-manager": {
    title: "Certificate of cert-manager",
    doc: "The edge serves Cloudflare's certificate. HTTP-01 challenges do not pass it.",
  },
  "external-dns-not-proxied": {
    title: "DNS record that is not proxied",
    doc: "external-dns creates a record that leads past the edge, unless the annotation cloudflare-proxied is true.",
  },
  "sign-in-behind-itself": {
    title: "Sign-in page behind its own gate",
    doc: "Clients without a session are redirected from the sign-in page to the sign-in page, here and in ingress-nginx.",
  },
  "auth-url-behind-itself": {
    title: "Authentication service behind its own gate",
    doc: "The request to auth-url needs a request to auth-url, so every request is rejected.",
  },
  "certificate-not-covered": {
    title: "Host that Universal SSL does not cover",
    doc: "Universal SSL covers a zone and one level below it. Deeper hosts need Total TLS or Advanced Certificate Manager.",
  },
  "external-ips-deprecated": {
    title: "Service with externalIPs",
    doc: "Kubernetes deprecates externalIPs since 1.36, and plans to remove them in 1.43.",
  },
  "nginx-config-map": {
    title: "Key of the ConfigMap of ingress-nginx",
    doc: "The key is applied as a class default, has no effect, or is reported with what the edge does instead.",
  },
  "no-op": {
    title: "Annotation without effect",
    doc: "The annotation only tunes nginx. It may stay.",
  },
  "gateway-not-in-manifests": {
    title: "Gateway that is not in the manifests",
    doc: "The Gateway or ListenerSet of the HTTPRoute is assumed to be of edgress, and to take the route.",
  },
  "gateway-class-not-found": {
    title: "Gateway without its GatewayClass",
    doc: "Without a GatewayClass that names the controller, no controller serves the Gateway.",
  },
  "parent-of-other-controller": {
    title: "Parent of another controller",
    doc: "The HTTPRoute refers to a Gateway of another controller too. It is not checked there.",
  },
  "served-rules": {
    title: "Rules of an HTTPRoute that the edge serves",
    doc: "The edge serves these rules. The finding has a sample URL if one without further headers matches.",
  },
  "full-support": {
    title: "Paths and annotations as in ingress-nginx",
    doc: "The edge serves these paths, and supports these annotations fully.",
  },
} as const satisfies Record<string, { readonly title: string; readonly doc: string }>;

export type LintRule = keyof typeof lintRules;
