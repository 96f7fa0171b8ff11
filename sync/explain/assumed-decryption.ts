import type { ExplainRequest } from "./explain.ts";

/**
 * Creates a replacement for the decryption of published users' files, because only the Worker has the key. The file has
 * the user and password of the request, so that the password is accepted.
 */
export function createAssumedDecryption({ headers }: Pick<ExplainRequest, "headers">) {
  const [, authorization = ""] = headers.find(([name]) => name.toLowerCase() === "authorization") ?? [];
  const [, encodedCredentials = ""] = /^basic +(\S+) *$/i.exec(authorization) ?? [];
  const credentials = Buffer.from(encodedCredentials, "base64").toString("latin1"); // a byte string
  let isUsed = false;
  return {
    async decrypt(): Promise<string> {
      isUsed = true;
      return credentials.replace(":", ":{PLAIN}");
    },
    /** Returns the assumption, if an explanation depends on it. */
    listAssumptions: () => (isUsed && credentials !== "" ? ["the encrypted auth-secret has the request's user"] : []),
  };
}
