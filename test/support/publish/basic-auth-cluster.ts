import assert from "node:assert/strict";

export const HASHES = [
  "$apr1$saltsalt$64vPg1.FPS6FtcYJ7Ti1V.",
  "{PLAIN}correct-horse",
  "$2y$05$holdoutholdoutholdoutuoBZXgK2LNHecmWKMAdwfQ4",
];
export const ANN_AUTHORIZATION = `Basic ${btoa("ann:s3cret")}`;

/** Returns the manifest of two hosts with the same users, one with other users in the other form, and one that is invalid. */
export function buildBasicAuthManifest(path = "/", users = HASHES[0]): string {
  const ingress = (name: string, secret: string, type: string) => `---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: ${name}
  annotations:
    nginx.ingress.kubernetes.io/auth-type: basic
    nginx.ingress.kubernetes.io/auth-secret: ${secret}
    nginx.ingress.kubernetes.io/auth-secret-type: ${type}
spec:
  rules:
    - host: ${name}.example.com
      http: { paths: [{ path: ${path}, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }] }
`;
  return `apiVersion: v1
kind: Service
metadata: { name: web }
spec: { externalIPs: [203.0.113.10], ports: [{ port: 80 }] }
---
apiVersion: v1
kind: Secret
metadata: { name: users }
stringData: { auth: "ann:${users}" }
---
apiVersion: v1
kind: Secret
metadata: { name: by-key }
stringData: { eve: "${HASHES[1]}", bob: "${HASHES[2]}" }
${ingress("one", "users", "auth-file")}${ingress("two", "users", "auth-file")}${ingress("three", "by-key", "auth-map")}${ingress("broken", "by-key", "auth-file")}`;
}

/** Asserts that a text contains no password and no hash, in any spelling. */
export function assertNoHashes(subject: string, text: string): void {
  for (const hash of [...HASHES, "correct-horse", "64vPg1", "holdoutholdout"]) {
    for (const spelling of [hash, btoa(hash), encodeURIComponent(hash)]) assert.ok(!text.includes(spelling), subject);
  }
}
