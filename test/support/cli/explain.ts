import { buildIngressManifest, buildServiceManifest } from "../manifests.ts";
export const buildAnnotation = (name: string, value: string) => ({ [`nginx.ingress.kubernetes.io/${name}`]: value });

export const cluster = [
  buildIngressManifest("shop", "shop.example.com", { "/": "web", "/cart": "cart", "/gone": "gone" }),
  buildIngressManifest("paths", "paths.example.com", { "/only": "web" }),
  buildIngressManifest("secure", "secure.example.com", { "/": "web" }, buildAnnotation("force-ssl-redirect", "true")),
  buildIngressManifest(
    "rewritten",
    "rewritten.example.com",
    { "/api/(.*)": "web" },
    buildAnnotation("rewrite-target", "/v1/$1"),
  ),
  buildIngressManifest("closed", "closed.example.com", { "/": "web" }, buildAnnotation("rewrite-target", "/{bad}")),
  buildIngressManifest("wild", "*.example.com", { "/": "cart" }),
  buildServiceManifest("web", ["203.0.113.10", "203.0.113.11"]),
  buildServiceManifest("cart", ["203.0.113.12"]),
];
