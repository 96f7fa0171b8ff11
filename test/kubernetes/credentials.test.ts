import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { createKubernetesClient } from "../../sync/kubernetes/client.ts";
import { loadKubernetesClient } from "../../sync/kubernetes/client-from-kubeconfig.ts";
import { Connections } from "../../sync/kubernetes/connections.ts";
import { generateCertificate } from "../../sync/local/network/certificates.ts";
import { listen } from "../../sync/net/listen.ts";
import { formatKubeconfigFile } from "../support/api-server/kubeconfig.ts";

const PATH = "/api/v1/namespaces";
const TOKEN = "token-of-the-controller";

/** Starts a server that records the headers it gets, and sends it one request with a token. */
async function requestWithToken(
  scheme: "http" | "https",
  handle: (request: IncomingMessage, response: ServerResponse) => void,
  { skipTLSVerify = false } = {},
) {
  const received: (string | undefined)[] = [];
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    received.push(request.headers.authorization);
    handle(request, response);
  };
  const server =
    scheme === "http" ? createServer(listener) : createTlsServer(await generateCertificate("localhost"), listener);
  const { port, close } = await listen(server, 0);
  const connections = new Connections();
  const cluster = { name: "local", server: `${scheme}://localhost:${port}`, skipTLSVerify };
  connections.loadFromClusterAndUser(cluster, { name: "edgress", token: TOKEN });
  const error = await createKubernetesClient(connections, 3000)
    .get(PATH)
    .then(
      () => undefined,
      (failure: Error) => failure,
    );
  await close();
  return { received, error };
}

describe("The token of the controller", () => {
  test("An API server that is not to be verified gets the token, so that the servers below could", async () => {
    const { received } = await requestWithToken("https", (_, response) => response.end("{}"), { skipTLSVerify: true });
    assert.deepEqual(received, [`Bearer ${TOKEN}`]);
  });

  test("An API server over plain http cannot get the token", async () => {
    const { received, error } = await requestWithToken("http", (_, response) => response.end("{}"));
    assert.deepEqual(received, []);
    assert.match(String(error), /HTTP protocol is not allowed/);
  });

  test("A self-signed API server cannot get the token", async () => {
    const { received, error } = await requestWithToken("https", (_, response) => response.end("{}"));
    assert.deepEqual(received, []);
    assert.match(String(error), /self-signed certificate/);
  });

  test("A server that an API server redirects to cannot get the token", async () => {
    const targets: string[] = [];
    const target = createServer((request, response) => {
      targets.push(request.headers.authorization ?? "");
      response.end("{}");
    });
    const { port, close } = await listen(target, 0);
    const { error } = await requestWithToken(
      "https",
      (_, response) => response.writeHead(307, { location: `http://127.0.0.1:${port}${PATH}` }).end(),
      { skipTLSVerify: true },
    );
    await close();
    assert.deepEqual(targets, []);
    assert.match(String(error), /status 307/);
  });
});

test("A kubeconfig that skips the verification of the server cannot be used without a warning", async () => {
  const folder = await mkdtemp(join(tmpdir(), "edgress-kubeconfig-"));
  const previousPath = process.env.KUBECONFIG;
  process.env.KUBECONFIG = join(folder, "config");
  try {
    const warnings = [];
    for (const skipsVerification of [true, false]) {
      const text = formatKubeconfigFile("https://localhost:6443", TOKEN);
      await writeFile(
        process.env.KUBECONFIG,
        text.replace('"insecure-skip-tls-verify":true', `"insecure-skip-tls-verify":${skipsVerification}`),
      );
      warnings.push(loadKubernetesClient(undefined).warning);
    }
    assert.deepEqual(warnings, [
      "the API server is not verified: the kubeconfig sets insecure-skip-tls-verify. Anyone on the network path can read the token",
      undefined,
    ]);
  } finally {
    if (previousPath === undefined) delete process.env.KUBECONFIG;
    else process.env.KUBECONFIG = previousPath;
    await rm(folder, { recursive: true });
  }
});
