/** Returns the manifest of one Ingress, its IngressClass and its Service. `annotations` are lines of YAML. */
export function buildShopManifest(
  paths: readonly string[],
  annotations: readonly string[] = [],
  host = "shop.bar.com",
): string {
  const lines = annotations.map((line) => `    nginx.ingress.kubernetes.io/${line}\n`).join("");
  const backend = "{ service: { name: web, port: { number: 80 } } }";
  const items = paths.map((path) => `          - { path: ${path}, pathType: Prefix, backend: ${backend} }\n`).join("");
  return `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
${lines === "" ? "" : `  annotations:\n${lines}`}spec:
  ingressClassName: edgress
  rules:
    - host: ${host}
      http:
        paths:
${items}---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: { name: edgress }
spec: { controller: edgress.dev/ingress-controller }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { externalIPs: [203.0.113.11], ports: [{ port: 80 }] }
`;
}
