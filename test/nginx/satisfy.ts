// Run by `npm run test:nginx`, which needs a real nginx: the edge must combine guards like nginx.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { generate } from "selfsigned";
import { startEchoServers } from "../../sync/local/echo/echo.ts";
import { generateCertificate } from "../../sync/local/network/certificates.ts";
import { buildManifests } from "../support/manifests.ts";
import { sendRequest } from "../support/worker/http-requests.ts";
import { startOriginServer } from "../support/worker/origins.ts";
import { startWorkerHarness } from "../support/worker/worker-harness.ts";
import { type Guards, listGuards, listVisits, type Visit } from "./guard-combinations.ts";
import { NGINX_TLS_PORT, startNginx } from "./nginx.ts";

const USERS = "ann:{PLAIN}s3cret\n";
const ALLOWED_RANGES = ["21.0.0.0/8", "22.0.0.0/8"];
const DENIED_RANGES = ["20.0.0.0/8", "22.0.0.0/8"];

test("The edge combines address lists, password, authentication service and client certificate like nginx", async () => {
  const client = await generateClientCertificate();
  setDefaultCACertificates([...getCACertificates(), client.cert]);
  const nginx = await startNginxWithGuards(client.cert);
  const edge = await startEdgeWithGuards(client.cert);
  after(() => Promise.all([nginx.close(), edge.close()]));

  const visits = listGuards().flatMap((guards) => listVisits(guards).map((visit) => ({ guards, visit })));
  const results: { title: string; expected: number; observed: number }[] = [];
  for (const [index, { guards, visit }] of visits.entries()) {
    const headers = buildHeaders(visit, `${visit.network}.0.${index >> 8}.${index & 255}`);
    const certificate = visit.hasCertificate ? client : undefined;
    const host = formatHost(guards);
    const usesTls = guards.requiresCertificate;
    const { status: expected } = await nginx.sendRequest(host, "/", { headers, usesTls, certificate });
    const url = `${usesTls ? "https" : "http"}://${host}/`;
    const { status: observed } = await sendRequest(edge, url, { headers, ...(certificate && { certificate }) });
    results.push({ title: `${host} ${JSON.stringify(visit)}`, expected, observed });
  }
  assert.deepEqual(
    results.filter(({ expected, observed }) => observed !== expected),
    [],
  );
  assert.deepEqual([...new Set(results.map(({ expected }) => expected))].toSorted(), [200, 400, 401, 403]);
  assert.equal(results.length, 1248);
});

function formatHost({ satisfy, lists, hasPassword, hasService, requiresCertificate }: Guards): string {
  const labels = [satisfy, lists, hasPassword, hasService, requiresCertificate].map((label) => String(label));
  return `${labels.join("-")}.example.com`;
}

function buildHeaders({ password, serviceStatus }: Visit, address: string): Record<string, string> {
  return {
    "CF-Connecting-IP": address,
    ...(password !== undefined && { Authorization: `Basic ${btoa(`ann:${password}`)}` }),
    ...(serviceStatus !== undefined && { "X-Service-Status": String(serviceStatus) }),
  };
}

/** Generates a certificate that is its own authority. */
async function generateClientCertificate() {
  const { private: key, cert } = await generate([{ name: "commonName", value: "client" }], {
    keyType: "ec",
    algorithm: "sha256",
    extensions: [{ name: "basicConstraints", cA: true }],
  });
  return { key, cert };
}

/** Starts nginx with the directives that ingress-nginx writes for the guards. */
async function startNginxWithGuards(clientAuthority: string) {
  const [echo] = await startEchoServers(["default/shop:80"]);
  assert.ok(echo);
  const server = await generateCertificate("server.example.com");
  const nginx = await startNginx(
    listGuards().map((guards) => buildServer(guards, echo.address)),
    { users: USERS, "server.crt": server.cert, "server.key": server.key, "client-ca.crt": clientAuthority },
  );
  return { ...nginx, close: () => Promise.all([nginx.close(), echo.close()]) };
}

function buildServer(guards: Guards, origin: string): string {
  const { satisfy, lists, hasPassword, hasService, requiresCertificate } = guards;
  const denied = lists === "deny" || lists === "both" ? DENIED_RANGES.map((range) => `deny ${range};`) : [];
  const allowed =
    lists === "allow" || lists === "both" ? [...ALLOWED_RANGES.map((range) => `allow ${range};`), "deny all;"] : [];
  const verification = `listen 127.0.0.1:${NGINX_TLS_PORT} ssl; ssl_certificate server.crt; ssl_certificate_key server.key;
    ssl_client_certificate client-ca.crt; ssl_verify_client on;`;
  return `server { server_name ${formatHost(guards)}; set_real_ip_from 127.0.0.1; real_ip_header CF-Connecting-IP;
    ${requiresCertificate ? verification : ""}
    location = /check { internal;
      if ($http_x_service_status = "200") { return 204; }
      if ($http_x_service_status = "401") { return 401; }
      return 403; }
    location / { satisfy ${satisfy}; ${[...denied, ...allowed].join(" ")}
      ${hasPassword ? "auth_basic staff; auth_basic_user_file users;" : ""} ${hasService ? "auth_request /check;" : ""}
      proxy_pass http://${origin}; } }`;
}

async function startEdgeWithGuards(clientAuthority: string) {
  const edge = await startWorkerHarness();
  const ingresses = listGuards().map((guards) => [formatHost(guards).split(".")[0], { annotations: annotate(guards) }]);
  const secrets = { staff: { auth: USERS }, "client-ca": { "ca.crt": clientAuthority } };
  await edge.publish([
    ...buildManifests(Object.fromEntries(ingresses), { shop: ["203.0.113.10"], service: ["203.0.113.11"] }),
    ...Object.entries(secrets).map(([name, stringData]) => {
      return { apiVersion: "v1", kind: "Secret", metadata: { name }, stringData };
    }),
  ]);
  const shop = await startOriginServer("203.0.113.10:80", edge.stack);
  const service = await startOriginServer("203.0.113.11:80", edge.stack);
  service.respond = (response, { headers }) => void response.writeHead(Number(headers["x-service-status"])).end();
  return { stack: edge.stack, close: () => Promise.all([edge, shop, service].map(({ close }) => close())) };
}

function annotate({ satisfy, lists, hasPassword, hasService, requiresCertificate }: Guards): Record<string, string> {
  return {
    satisfy,
    ...((lists === "allow" || lists === "both") && { "whitelist-source-range": ALLOWED_RANGES.join(",") }),
    ...((lists === "deny" || lists === "both") && { "denylist-source-range": DENIED_RANGES.join(",") }),
    ...(hasPassword && { "auth-type": "basic", "auth-secret": "staff" }),
    ...(hasService && { "auth-url": "http://service.default.svc/" }),
    ...(requiresCertificate && { "auth-tls-secret": "default/client-ca" }),
  };
}
