/** An Ingress as `kubectl get` returns it, in the parts that nginx's configuration needs. */
export interface PlainIngress {
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: {
    readonly tls?: readonly { readonly hosts?: readonly string[] }[];
    readonly rules: readonly { readonly host: string; readonly http: { readonly paths: readonly PlainPath[] } }[];
  };
}

interface PlainPath {
  readonly path: string;
  readonly pathType: "Exact" | "Prefix" | "ImplementationSpecific";
  readonly backend: { readonly service: { readonly name: string } };
}

interface HostPath extends Pick<PlainPath, "path" | "pathType"> {
  readonly service: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly hasTls: boolean;
}

/** Text of a server before `startNginx` adds its ports and files. */
const TLS = (port: string) =>
  `listen 127.0.0.1:${port} ssl; ssl_certificate server.crt; ssl_certificate_key server.key;`;

/**
 * Returns the servers that ingress-nginx writes for these Ingresses, with `addresses` of Services by name.
 *
 * Source: rootfs/etc/nginx/template/nginx.tmpl of kubernetes/ingress-nginx, for the annotations that decide an answer.
 */
export function buildIngressNginxServers(
  ingresses: readonly PlainIngress[],
  addresses: ReadonlyMap<string, string>,
  tlsPort: string,
): string[] {
  const hosts = Map.groupBy(ingresses.flatMap(listHostPaths), ({ host }) => host);
  // The https redirect removes one slash from the end of the request's path.
  const withoutSlash = `map $request_uri $redirect_uri { "~^(?<kept>.*)/$" $kept; default $request_uri; }`;
  const servers = [...hosts].map(([host, paths]) => buildServer(host, paths, addresses, tlsPort));
  return [withoutSlash, ...servers];
}

function listHostPaths({ metadata, spec }: PlainIngress): (HostPath & { readonly host: string })[] {
  const annotations = readAnnotations(metadata.annotations ?? {});
  if (annotations.canary === "true") return [];
  const tlsHosts = new Set(spec.tls?.flatMap(({ hosts = [] }) => hosts));
  return spec.rules.flatMap(({ host, http }) =>
    http.paths.map(({ path, pathType, backend }) => {
      return { host, path, pathType, service: backend.service.name, annotations, hasTls: tlsHosts.has(host) };
    }),
  );
}

function readAnnotations(annotations: Readonly<Record<string, string>>): Record<string, string> {
  const prefix = "nginx.ingress.kubernetes.io/";
  const own = Object.entries(annotations).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(own.map(([name, value]) => [name.slice(prefix.length), value]));
}

function buildServer(
  host: string,
  paths: readonly HostPath[],
  addresses: ReadonlyMap<string, string>,
  tlsPort: string,
): string {
  const isRegexHost = paths.some(
    ({ annotations }) => annotations["use-regex"] === "true" || annotations["rewrite-target"],
  );
  const sorted = paths.toSorted((a, b) => b.path.length - a.path.length);
  const locations = sorted.flatMap((entry) => buildLocations(entry, isRegexHost, addresses.get(entry.service) ?? ""));
  const hasRoot = paths.some(({ path }) => path === "/");
  const rest = hasRoot ? "" : buildFallback(paths[0], isRegexHost);
  const annotationsOfHost = Object.assign({}, ...paths.map(({ annotations }) => annotations)) as Record<string, string>;
  const appRoot = annotationsOfHost["app-root"];
  const requiresCertificate = annotationsOfHost["auth-tls-secret"] !== undefined;
  return `server { server_name ${host}; ${TLS(tlsPort)} port_in_redirect off;
    set_real_ip_from 127.0.0.1; real_ip_header CF-Connecting-IP;
    ${requiresCertificate ? "ssl_client_certificate client-ca.crt; ssl_verify_client on;" : ""}
    ${appRoot ? `if ($uri = /) { return 302 $scheme://$http_host${appRoot}; }` : ""}
    ${buildAuthLocation(annotationsOfHost, addresses)} ${locations.join("\n")} ${rest} }`;
}

/** Returns the location of `auth-url`, which names a Service of the cluster. */
function buildAuthLocation(annotations: Record<string, string>, addresses: ReadonlyMap<string, string>): string {
  const [, service = "", path = ""] = /^http:\/\/([^./]+)[^/]*(\/.*)$/.exec(annotations["auth-url"] ?? "") ?? [];
  return service && `location = /_external-auth { internal; proxy_pass http://${addresses.get(service)}${path}; }`;
}

function buildLocations(entry: HostPath, isRegexHost: boolean, address: string): string[] {
  const directives = buildDirectives(entry, address);
  const { path, pathType } = entry;
  if (isRegexHost) return [`location ~* "^${path}" { ${directives} }`];
  if (path === "/") return [`location / { ${directives} }`];
  if (pathType === "Exact") return [`location = "${path}" { ${directives} }`];
  // Without a location of its own, nginx redirects the path without its final slash.
  return [`location "${path.replace(/\/$/, "")}/" { ${directives} }`, `location = "${path}" { ${directives} }`];
}

/** Returns the location of all other paths, which takes over the annotations of the host's first Ingress. */
function buildFallback(first: HostPath | undefined, isRegexHost: boolean): string {
  const directives = first ? buildPolicies(first) : "";
  // Without an upstream the content phase looks for a file, after redirects and guards.
  return `location ${isRegexHost ? '~* "^/"' : "/"} { ${directives} root /nonexistent; }`;
}

function buildDirectives(entry: HostPath, address: string): string {
  const { path, annotations } = entry;
  const rewriteTarget = annotations["rewrite-target"];
  return [
    buildPolicies(entry),
    rewriteTarget ? `rewrite "(?i)${path}" ${rewriteTarget} break;` : "",
    `client_max_body_size ${annotations["proxy-body-size"] || "1m"};`,
    `proxy_set_header Host $http_host; proxy_pass http://${address};`,
  ].join(" ");
}

function buildPolicies({ annotations, hasTls }: HostPath): string {
  const redirect = annotations["temporal-redirect"] ?? annotations["permanent-redirect"];
  if (redirect) return `return ${annotations["temporal-redirect"] ? 302 : 301} ${redirect};`;
  const redirectsToHttps = hasTls && annotations["ssl-redirect"] !== "false";
  const ranges = annotations["whitelist-source-range"]?.split(",") ?? [];
  return [
    redirectsToHttps ? "if ($scheme = http) { return 308 https://$host$redirect_uri; }" : "",
    ...ranges.map((range) => `allow ${range.trim()};`),
    ranges.length > 0 ? "deny all;" : "",
    annotations["auth-type"] === "basic" ? "auth_basic staff; auth_basic_user_file users;" : "",
    annotations["auth-url"] ? "auth_request /_external-auth;" : "",
  ].join(" ");
}
