import { selectIngresses } from "../../sync/compile/select/ingress-class.ts";
import { type Conversion, convertIngresses } from "../../sync/convert/convert.ts";
import { parseClusterYaml } from "../support/parse-cluster-yaml.ts";

export const GATEWAY = { namespace: "infra", name: "web" };
const SELECTOR = {
  ingressClass: "nginx",
  controller: "k8s.io/ingress-nginx",
  watchIngressWithoutClass: true,
};

/** Converts the Ingresses of a manifest. */
export function convertYaml(text: string): Conversion {
  const cluster = parseClusterYaml(text);
  return convertIngresses(selectIngresses(cluster, SELECTOR), cluster, GATEWAY);
}

/** Returns an Ingress `shop/cart` for cart.example.com with a path and annotations, as YAML. */
export function ingressYaml(
  annotations: string,
  { name = "cart", path = "/", tls = false, service = "cart" } = {},
): string {
  return `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: ${name}, namespace: shop, annotations: { ${annotations} } }
spec:
  ${tls ? "tls: [{ hosts: [cart.example.com], secretName: cart }]" : ""}
  rules:
    - host: cart.example.com
      http:
        paths: [{ path: "${path}", pathType: Prefix, backend: { service: { name: ${service}, port: { number: 80 } } } }]
`;
}
