import { stringify } from "yaml";
import type { GatewayName } from "./build-routes.ts";
import type { Conversion } from "./convert.ts";
import type { ConversionGap } from "./route-manifest.ts";

const API_VERSION = "gateway.networking.k8s.io/v1";

/** Returns a conversion as YAML: a GatewayClass and a Gateway for all hosts, and the routes. */
export function formatConversion({ routes }: Conversion, gateway: GatewayName, controller: string): string {
  const objects = [buildGatewayClass(controller), buildGateway(gateway), ...routes];
  return objects.map((object) => stringify(object, { aliasDuplicateObjects: false, lineWidth: 0 })).join("---\n");
}

/** Returns a gap as one line. */
export function formatGap({ object, field, problem, keepsIngress }: ConversionGap): string {
  return `${keepsIngress ? "not converted" : "differs"}: ${object} ${field}: ${problem}`;
}

const CLASS_NAME = "edgress";

function buildGatewayClass(controllerName: string) {
  return { apiVersion: API_VERSION, kind: "GatewayClass", metadata: { name: CLASS_NAME }, spec: { controllerName } };
}

/** Returns a Gateway whose listeners take every host. Cloudflare has the certificates. */
function buildGateway({ name, namespace }: GatewayName) {
  const allowedRoutes = { namespaces: { from: "All" } };
  const tls = { options: { "edgress.dev/certificate": "cloudflare" } };
  return {
    apiVersion: API_VERSION,
    kind: "Gateway",
    metadata: { name, namespace },
    spec: {
      gatewayClassName: CLASS_NAME,
      listeners: [
        { name: "http", port: 80, protocol: "HTTP", allowedRoutes },
        { name: "https", port: 443, protocol: "HTTPS", tls, allowedRoutes },
      ],
    },
  };
}
