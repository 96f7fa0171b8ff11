import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { listen } from "../../../sync/net/listen.ts";
import { sendRequest } from "../worker/http-requests.ts";
import type { SetupWorld } from "./setup-world.ts";

const MANIFESTS = `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  annotations:
    nginx.ingress.kubernetes.io/auth-type: basic
    nginx.ingress.kubernetes.io/auth-secret: users
spec:
  ingressClassName: edgress
  rules:
    - host: shop.example.com
      http:
        paths:
          - { path: /, pathType: Prefix, backend: { service: { name: shop, port: { number: 80 } } } }
---
apiVersion: v1
kind: Service
metadata: { name: shop }
spec:
  externalIPs: [203.0.113.11]
  ports: [{ port: 80 }]
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: { name: edgress }
spec: { controller: edgress.dev/ingress-controller }
`;

/** A host with a password, and its origin. */
export interface GuardedShop {
  /** Folder of the manifests, as an argument of the commands. */
  readonly manifests: string;
  /** Requests the host with the password. Resolves with the status. */
  request(): Promise<number>;
  close(): Promise<void>;
}

/** Writes the manifests into the folder of a world, and starts the origin. */
export async function startGuardedShop({ folder, cloudflare }: SetupWorld, users: string): Promise<GuardedShop> {
  const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "users" }, stringData: { auth: users } };
  await mkdir(join(folder, "manifests"));
  await writeFile(join(folder, "manifests/shop.yaml"), `${MANIFESTS}---\n${JSON.stringify(secret)}\n`);
  const origin = await listen(
    createServer((_, response) => response.end("shop")),
    0,
  );
  cloudflare.forward("203.0.113.11:80", `127.0.0.1:${origin.port}`);
  const headers = { Authorization: `Basic ${Buffer.from("ann:secret").toString("base64")}` };
  return {
    manifests: "manifests",
    request: async () => (await sendRequest({ stack: cloudflare }, "http://shop.example.com/", { headers })).status,
    close: origin.close,
  };
}
