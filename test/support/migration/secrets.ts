import { generateCertificate } from "../../../sync/local/network/certificates.ts";

/** The password file of the example's basic-auth Ingresses. */
export const USERS = "ann:{PLAIN}s3cret\n";

/** Returns the Secrets that the Ingresses of the example folder name, and that are never in Git. */
export async function buildSecrets(): Promise<object[]> {
  const { cert } = await generateCertificate("client-ca.example.com");
  return [
    buildSecret("legacy", "staff-users", { auth: USERS }),
    buildSecret("partner", "partner-ca", { "ca.crt": cert }),
  ];
}

function buildSecret(namespace: string, name: string, stringData: Readonly<Record<string, string>>): object {
  return { apiVersion: "v1", kind: "Secret", metadata: { namespace, name }, stringData };
}
