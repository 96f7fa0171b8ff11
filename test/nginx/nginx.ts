import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { findFreePort } from "../support/free-port.ts";

/** A real nginx on loopback. */
export interface Nginx {
  /** Sends a request with exactly this path and Host. */
  sendRequest(host: string, path: string, options?: NginxRequestOptions): Promise<NginxResponse>;
  close(): Promise<void>;
}

export interface NginxResponse {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export interface NginxRequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether the request uses https, for servers that listen on `NGINX_TLS_PORT`. */
  readonly usesTls?: boolean;
  /** The client's certificate, for https. */
  readonly certificate?: { readonly key: string; readonly cert: string } | undefined;
}

/** In a server, this text is replaced with the port for https. */
export const NGINX_TLS_PORT = "NGINX_TLS_PORT";

/**
 * Starts nginx with these servers (each a `server { … }` without its `listen`), and files that they name by relative
 * paths. Rejects if nginx is not installed.
 */
export async function startNginx(
  servers: readonly string[],
  files: Readonly<Record<string, string>> = {},
): Promise<Nginx> {
  const folder = await mkdtemp(join(tmpdir(), "edgress-nginx-"));
  const [port, tlsPort] = [await findFreePort(), await findFreePort()];
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  const serversWithPort = servers.map((server) => server.replaceAll(NGINX_TLS_PORT, String(tlsPort)));
  await writeFile(join(folder, "nginx.conf"), buildConfiguration(folder, port, serversWithPort));
  const child = spawn("nginx", ["-c", join(folder, "nginx.conf"), "-p", folder], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const startFailure = once(child, "error").then(([error]) => {
    throw new Error(`nginx cannot be started (apt-get install nginx-light): ${error}`);
  });
  await Promise.race([startFailure, waitUntilListening(port, child)]);
  return {
    sendRequest: (host, path, options = {}) => sendRequestTo(options.usesTls ? tlsPort : port, host, path, options),
    async close() {
      const exit = once(child, "exit");
      child.kill("SIGTERM");
      await exit;
      await rm(folder, { recursive: true });
    },
  };
}

function buildConfiguration(folder: string, port: number, servers: readonly string[]): string {
  const temporaryPaths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  return [
    `daemon off; master_process off; pid ${folder}/pid; error_log stderr; events {}`,
    `http { access_log off; merge_slashes on; server_names_hash_bucket_size 128; ${temporaryPaths.join(" ")}`,
    ...servers.map((server) => server.replace("server {", `server { listen 127.0.0.1:${port};`)),
    "}",
  ].join("\n");
}

async function waitUntilListening(port: number, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`nginx ended: ${child.stderr && (await text(child.stderr))}`);
    if (
      await sendRequestTo(port, "none.example.com", "/").then(
        () => true,
        () => false,
      )
    )
      return;
    await sleep(10);
  }
}

async function sendRequestTo(
  port: number,
  host: string,
  path: string,
  { headers = {}, usesTls = false, certificate }: NginxRequestOptions = {},
): Promise<NginxResponse> {
  const pairs = ["Host", host, ...Object.entries(headers).flat()];
  const target = { host: "127.0.0.1", port, path, headers: pairs, agent: false };
  const outgoing = usesTls
    ? requestHttps({ ...target, ...certificate, servername: host, rejectUnauthorized: false })
    : requestHttp(target);
  outgoing.end();
  const [response] = (await once(outgoing, "response")) as [IncomingMessage];
  return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) };
}
