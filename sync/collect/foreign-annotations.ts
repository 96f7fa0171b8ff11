import { distance } from "fastest-levenshtein";
import { ANNOTATION_PREFIXES } from "./annotation-names.ts";

/** An annotation that edgress does not read because of its prefix, although its author may expect so. */
export type UnreadAnnotation =
  | { readonly type: "foreign"; readonly controller: string; readonly name: string }
  | { readonly type: "misspelled"; readonly prefix: string; readonly intendedPrefix: string; readonly name: string };

/** Prefixes of other ingress controllers. */
const CONTROLLERS: readonly (readonly [controller: string, prefixes: readonly string[]])[] = [
  ["F5's controller", ["nginx.org/", "nginx.com/", "appprotect.f5.com/", "appprotectdos.f5.com/"]],
  ["Traefik", ["traefik.ingress.kubernetes.io/", "traefik.io/"]],
  ["HAProxy", ["haproxy.org/", "haproxy.com/", "haproxy-ingress.github.io/", "haproxy.router.openshift.io/"]],
  ["Kong", ["konghq.com/"]],
  ["the AWS Load Balancer Controller", ["alb.ingress.kubernetes.io/"]],
  ["Azure Application Gateway", ["appgw.ingress.kubernetes.io/"]],
  [
    "Google Cloud",
    [
      ...["networking.gke.io/", "ingress.gcp.kubernetes.io/", "cloud.google.com/"],
      ...["kubernetes.io/ingress.allow-", "kubernetes.io/ingress.global-", "kubernetes.io/ingress.regional-"],
    ],
  ],
  ["Contour", ["projectcontour.io/"]],
  ["Emissary", ["getambassador.io/"]],
  ["APISIX", ["k8s.apisix.apache.org/"]],
  ["Skipper", ["zalando.org/"]],
  ["Pomerium", ["ingress.pomerium.io/"]],
  ["NetScaler", ["ingress.citrix.com/"]],
  ["Voyager", ["ingress.appscode.com/", "voyager.appscode.com/"]],
  ["Higress", ["higress.io/", "mse.ingress.kubernetes.io/"]],
  ["Cilium", ["ingress.cilium.io/"]],
];

const [OWN_PREFIX, NGINX_PREFIX] = ANNOTATION_PREFIXES;
const MAX_DISTANCE = 3;

/** Returns the other controller or the misspelled prefix of an annotation; undefined for all other annotations. */
export function findUnreadAnnotation(key: string): UnreadAnnotation | undefined {
  if (ANNOTATION_PREFIXES.some((prefix) => key.startsWith(prefix))) return undefined;
  return findForeignAnnotation(key) ?? findMisspelledAnnotation(key);
}

function findForeignAnnotation(key: string): UnreadAnnotation | undefined {
  for (const [controller, prefixes] of CONTROLLERS) {
    const prefix = prefixes.find((candidate) => key.startsWith(candidate));
    if (prefix !== undefined) return { type: "foreign", controller, name: key.slice(prefix.length) };
  }
  return undefined;
}

function findMisspelledAnnotation(key: string): UnreadAnnotation | undefined {
  const [, prefix, name] = splitKey(key);
  if (prefix === undefined || name === undefined) return undefined;
  const text = prefix.toLowerCase();
  const namesNginx = text.includes("nginx") && /kubernetes|ingress/.test(text);
  const candidates = [NGINX_PREFIX, OWN_PREFIX].filter((candidate) => distance(text, candidate) <= MAX_DISTANCE);
  const intendedPrefix = namesNginx ? NGINX_PREFIX : candidates[0];
  return intendedPrefix && { type: "misspelled", prefix, intendedPrefix, name };
}

/** Splits a key at its slash, or after the domain if a dot was written in place of the slash. */
function splitKey(key: string): readonly (string | undefined)[] {
  return /^([^/]*\/)(.*)$/.exec(key) ?? /^(nginx\.ingress\.kubernetes\.io[.:_-])(.*)$/i.exec(key) ?? [];
}
