// Run by `npm run test:nginx`, which needs a real nginx: the example folder must behave as it does behind ingress-nginx.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { startEchoServers } from "../../sync/local/echo/echo.ts";
import { generateCertificate } from "../../sync/local/network/certificates.ts";
import { OPTIONS } from "../support/fixture.ts";
import { type Answer, describeAnswer, readAnswer } from "../support/migration/answer.ts";
import {
  isService,
  lintFolder,
  MIGRATION_EXAMPLE,
  readObjects,
  withMigratedFolder,
} from "../support/migration/example-folder.ts";
import { buildSecrets, USERS } from "../support/migration/secrets.ts";
import { sendRequest } from "../support/worker/http-requests.ts";
import { startWorkerHarness } from "../support/worker/worker-harness.ts";
import { buildIngressNginxServers, type PlainIngress } from "./ingress-nginx-servers.ts";
import { listUrls } from "./migration-urls.ts";
import { NGINX_TLS_PORT, type Nginx, startNginx } from "./nginx.ts";

/** Hosts that cannot move as they are, each with the causes that `edgress lint` prints. */
const CLOSED_HOSTS: Readonly<Record<string, readonly string[]>> = {
  "argocd.example.com": ["RouteFailedClosed ssl-passthrough"],
  "bank.example.com": ["RouteFailedClosed enable-modsecurity", "RouteFailedClosed enable-owasp-core-rules"],
  "cloud.example.com": ["RouteFailedClosed server-snippet"],
  "grpc.argocd.example.com": ["RouteFailedClosed backend-protocol"],
  "vault.example.com": ["RouteFailedClosed proxy-ssl-secret", "RouteFailedClosed proxy-ssl-verify"],
};

/** URLs of hosts that can move, with an answer that differs because of `slash-redirect`. */
const DIFFERENT_URLS = ["api", "c", "service", "v2"].flatMap((name) =>
  ["http", "https"].map((scheme) => `${scheme}://registry.example.com/${name}`),
);

/** Hosts that lint blocks because of clients with private addresses. Public clients get the same answers. */
const HOSTS_FOR_PRIVATE_CLIENTS: Readonly<Record<string, readonly string[]>> = {
  "id-admin.example.com": ["private-source-range"],
};

/** Statements of lint about a response of the Service's Pods. */
const SERVED = /^(?:the Service's Pods|served, with .*|served to these addresses)$/;

const PUBLIC_CLIENT = "198.51.100.1";
const PRIVATE_CLIENT = "10.0.0.9";

let nginx: Nginx;
before(async () => {
  nginx = await startNginxForExample();
});
after(() => nginx.close());

test("The edge answers like nginx after the Services have addresses, except on the hosts that lint names", async () => {
  const { differences, count, report } = await withMigratedFolder(await buildSecrets(), async (folder) => {
    const objects = await readObjects(folder);
    const urls = listUrls(objects.filter(isIngress));
    return { differences: await findDifferences(objects, urls), count: urls.length, report: await lintFolder(folder) };
  });
  const hostsWithDifferences = new Set(differences.map((url) => new URL(url).host));
  for (const host of Object.keys(CLOSED_HOSTS)) assert.ok(hostsWithDifferences.has(host), host);
  assert.deepEqual(
    differences.filter((url) => !(new URL(url).host in CLOSED_HOSTS)).toSorted(),
    DIFFERENT_URLS.toSorted(),
  );
  const blockedHosts = report.hosts
    .filter(({ verdict }) => verdict !== "now")
    .map(({ name, causes }) => [name, causes]);
  assert.deepEqual(Object.fromEntries(blockedHosts), { ...CLOSED_HOSTS, ...HOSTS_FOR_PRIVATE_CLIENTS });
  const slashHosts = report.causes.find(({ id }) => id === "slash-redirect")?.hosts;
  assert.deepEqual(slashHosts, ["registry.example.com"]);
  assert.equal(report.hosts.length, 50);
  assert.equal(count, 366);
});

test("nginx gives the responses that lint states for ingress-nginx, before the Services change", async () => {
  const results = await checkStatements(MIGRATION_EXAMPLE);
  assert.deepEqual(results.filter(isDifferent), []);
  assert.equal(results.length, 70);
});

test("nginx gives the responses that lint states for ingress-nginx, after the Services have addresses", async () => {
  const results = await withMigratedFolder(await buildSecrets(), checkStatements);
  assert.deepEqual(results.filter(isDifferent), []);
  assert.equal(results.length, 13);
});

/** Sends each URL to nginx and to the edge, and returns those with different answers. */
async function findDifferences(objects: readonly object[], urls: readonly string[]): Promise<string[]> {
  const edge = await startWorkerHarness({ echoOrigins: true });
  try {
    // nginx has no canary here, because its answers are random.
    await edge.publish(
      objects.filter((object) => !isIngress(object) || !isCanary(object)),
      {
        options: { ...OPTIONS, ingressClass: "nginx", controller: "k8s.io/ingress-nginx" },
      },
    );
    const differences: string[] = [];
    for (const url of urls) {
      const expected = await requestFromNginx(url, PUBLIC_CLIENT);
      const observed = readAnswer(await sendRequest(edge, url, { headers: { "CF-Connecting-IP": PUBLIC_CLIENT } }));
      if (!isDeepStrictEqual(withoutPorts(expected), withoutPorts(observed))) differences.push(url);
    }
    return differences;
  } finally {
    await edge.close();
  }
}

/** Returns each response that lint states for ingress-nginx, and nginx's response in the words of lint. */
async function checkStatements(folder: string) {
  const { findings } = await lintFolder(folder);
  const statements = findings.flatMap(({ url, nginx: stated }) => (url && stated ? [{ url, stated }] : []));
  return Promise.all(
    statements.map(async ({ url, stated }) => {
      const client = stated === "served to these addresses" ? PRIVATE_CLIENT : PUBLIC_CLIENT;
      const answer = await requestFromNginx(url, client);
      const isServed = SERVED.test(stated) && "backend" in answer;
      return { url, stated, observed: isServed ? stated : describeAnswer(answer, url, stated) };
    }),
  );
}

function isDifferent({ stated, observed }: { readonly stated: string; readonly observed: string }): boolean {
  return stated !== observed;
}

async function requestFromNginx(url: string, client: string): Promise<Answer> {
  const [, scheme, host = "", path = ""] = /^(https?):\/\/([^/]*)(.*)$/.exec(url) ?? [];
  const headers = { "CF-Connecting-IP": client };
  return readAnswer(await nginx.sendRequest(host, path || "/", { headers, usesTls: scheme === "https" }));
}

/** A Service has other ports for the edge, and its origin sees them in Host. */
function withoutPorts(answer: Answer): Answer {
  if (!("backend" in answer)) return answer;
  return { ...answer, backend: answer.backend.replace(/:\d+$/, ""), host: answer.host.replace(/:\d+$/, "") };
}

function isIngress(object: object): object is PlainIngress {
  return "kind" in object && object.kind === "Ingress";
}

function isCanary({ metadata }: PlainIngress): boolean {
  return metadata.annotations?.["nginx.ingress.kubernetes.io/canary"] === "true";
}

async function startNginxForExample(): Promise<Nginx> {
  const objects = await readObjects(MIGRATION_EXAMPLE);
  const services = objects.filter(isService).map(({ metadata }) => metadata);
  const echoes = await startEchoServers(services.map(({ namespace, name }) => `${namespace}/${name}`));
  const addresses = new Map(services.map(({ name }, index) => [name, echoes[index]?.address ?? ""]));
  const { cert, key } = await generateCertificate("server.example.com");
  const files = { users: USERS, "server.crt": cert, "server.key": key, "client-ca.crt": cert };
  const server = await startNginx(
    buildIngressNginxServers(objects.filter(isIngress), addresses, NGINX_TLS_PORT),
    files,
  );
  return {
    ...server,
    async close() {
      await Promise.all([server.close(), ...echoes.map((echo) => echo.close())]);
    },
  };
}
