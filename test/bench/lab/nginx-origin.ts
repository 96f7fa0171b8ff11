import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findFreePort } from "../../support/free-port.ts";
import type { Lab } from "./processes.ts";

/** Starts nginx with one process, which answers each request with 6 bytes. Returns its port. */
export async function startNginxOrigin(lab: Lab): Promise<number> {
  const port = await findFreePort();
  const server = `server {
    listen 127.0.0.1:${port};
    location / { add_header Cache-Control "max-age=60"; add_header Set-Cookie "sid=1; Path=/"; return 200 "hello\\n"; }
  }`;
  await startNginx(
    lab,
    "origin",
    port,
    `access_log off; keepalive_requests 100000000; keepalive_timeout 600s; ${server}`,
  );
  return port;
}

/** Starts nginx with one process and the given content of its http block. Returns its first process. */
export function startNginx(lab: Lab, name: string, port: number, http: string) {
  const folder = join(lab.folder, name);
  mkdirSync(folder, { recursive: true });
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (kind) => `${kind}_temp_path ${folder}/${kind};`,
  );
  const file = join(folder, "nginx.conf");
  writeFileSync(
    file,
    `daemon off; worker_processes 1; error_log /dev/null; pid ${folder}/nginx.pid;
events { worker_connections 8192; }
http {
  ${temporary.join(" ")}
  large_client_header_buffers 8 64k;
  ${http}
}`,
  );
  return lab.start("nginx", ["-c", file, "-p", folder], port);
}
