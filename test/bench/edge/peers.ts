import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findFreePort } from "../../support/free-port.ts";
import { startNginx } from "../lab/nginx-origin.ts";
import type { Lab } from "../lab/processes.ts";
import { hostOf, range } from "../lab/workload.ts";

const LOG_FORMAT =
  '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" ' +
  "$request_length $request_time [$proxy_host] $upstream_addr $upstream_response_length $upstream_response_time " +
  "$upstream_status $req_id";
const ORIGIN_HEADERS = [
  "X-Request-ID $req_id",
  "X-Real-IP $remote_addr",
  "X-Forwarded-For $remote_addr",
  "X-Forwarded-Host $http_host",
  "X-Forwarded-Port $server_port",
  "X-Forwarded-Proto $scheme",
  "X-Forwarded-Scheme $scheme",
  "X-Scheme $scheme",
  "X-Original-Forwarded-For $http_x_forwarded_for",
  'Connection ""',
  "Host $http_host",
];
const PREFIXES = ["/static/", "/api/", "/"];

/** A running peer: its working process and its port. */
export interface Peer {
  readonly pid: number;
  readonly port: number;
}

/** Starts nginx with the configuration that ingress-nginx would write: one process, one server block for each host. */
export async function startNginxPeer(lab: Lab, hosts: number, originPort: number): Promise<Peer> {
  const port = await findFreePort();
  const locations = PREFIXES.map((path) => `location ${path} { proxy_pass http://upstream_balancer; }`).join(" ");
  const http = `log_format upstreaminfo '${LOG_FORMAT}'; access_log /dev/null upstreaminfo;
  map $http_x_request_id $req_id { default $http_x_request_id; "" $request_id; }
  server_names_hash_max_size 262144; server_names_hash_bucket_size 128; keepalive_requests 100000000; keepalive_timeout 75s;
  upstream upstream_balancer { server 127.0.0.1:${originPort}; keepalive 320; keepalive_requests 100000000; }
  proxy_http_version 1.1; proxy_connect_timeout 5s; proxy_send_timeout 60s; proxy_read_timeout 60s; proxy_buffering off;
  ${ORIGIN_HEADERS.map((line) => `proxy_set_header ${line};`).join(" ")}
  ${range(hosts)
    .map((index) => `server { listen 127.0.0.1:${port}; server_name ${hostOf(index)}; ${locations} }`)
    .join("\n")}`;
  const { pid = 0 } = await startNginx(lab, `nginx-${hosts}`, port, http);
  return { pid: await waitForChild(pid), port };
}

/** Resolves with the first child of a process. nginx listens before it starts its worker. */
async function waitForChild(pid: number): Promise<number> {
  for (const end = Date.now() + 10_000; Date.now() < end; await sleep(20)) {
    const [child = ""] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ");
    if (child !== "") return Number(child);
  }
  throw new Error(`process ${pid} has started no child after 10 s`);
}

/** Starts haproxy with one thread, and a map from host and path to the origin. */
export async function startHaproxyPeer(lab: Lab, hosts: number, originPort: number): Promise<Peer> {
  const port = await findFreePort();
  const map = join(lab.folder, `haproxy-${hosts}.map`);
  const rows = range(hosts).flatMap((index) => PREFIXES.map((path) => `${hostOf(index)}${path} origin`));
  writeFileSync(map, rows.join("\n"));
  const file = join(lab.folder, `haproxy-${hosts}.cfg`);
  writeFileSync(
    file,
    `global
  nbthread 1
  maxconn 4096
  log /dev/null local0
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  option httplog
  option http-keep-alive
  http-reuse always
frontend in
  bind 127.0.0.1:${port}
  http-request set-header X-Real-IP %[src]
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Port 80
  use_backend %[base,map_beg(${map},origin)]
backend origin
  server one 127.0.0.1:${originPort}
`,
  );
  const { pid = 0 } = await lab.start("haproxy", ["-db", "-f", file], port);
  return { pid, port };
}
