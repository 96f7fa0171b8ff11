import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCluster } from "../../sync/collect/parse-objects.ts";
import { lint } from "../../sync/lint/lint.ts";
import { applyNginxConfigMap, findNginxConfigMap } from "../../sync/lint/nginx-config-map/apply-config-map.ts";
import { readNginxConfigMap } from "../../sync/lint/nginx-config-map/read-config-map.ts";
import { buildIngressList, type IngressInput, rejectDecryption } from "../support/cli/lint.ts";
import { OPTIONS } from "../support/fixture.ts";

type Data = Readonly<Record<string, string>>;

const buildConfigMap = (data: Data) => ({
  ...{ namespace: "ingress-nginx", name: "ingress-nginx-controller", source: "nginx.yaml:1" },
  data,
});

function readKeys(data: Data) {
  const { classDefaults, findings } = readNginxConfigMap(buildConfigMap(data), "free");
  return {
    classDefaults,
    findings: findings.map(
      ({ kind, field, message, remedy }) => `${kind} ${field}: ${message}${remedy === undefined ? "" : `; ${remedy}`}`,
    ),
  };
}

test("Keys with an annotation become class defaults", () => {
  const data = {
    ...{ "ssl-redirect": "false", "force-ssl-redirect": "true", "whitelist-source-range": "192.0.2.0/24" },
    ...{ "denylist-source-range": "198.51.100.1", "block-cidrs": "198.51.100.2", "custom-http-errors": "404,503" },
    ...{ "proxy-read-timeout": "60", "location-snippet": "return 403;", "enable-modsecurity": "true" },
    ...{ "global-auth-url": "https://auth.example.com/verify", "disable-access-log": "true", "proxy-body-size": "0" },
  };
  const { classDefaults, findings } = readKeys(data);
  assert.deepEqual(classDefaults, {
    "ssl-redirect": "false",
    "force-ssl-redirect": "true",
    "whitelist-source-range": "192.0.2.0/24",
    "denylist-source-range": "198.51.100.1,198.51.100.2",
    "custom-http-errors": "404,503",
    "proxy-read-timeout": "60",
    "configuration-snippet": "return 403;",
    "enable-modsecurity": "true",
    "auth-url": "https://auth.example.com/verify",
    "enable-access-log": "false",
    "proxy-body-size": "0",
  });
  assert.ok(findings.includes("unchanged data.ssl-redirect: applied as the class default ssl-redirect"));
  assert.ok(
    findings.includes(
      "different data.enable-modsecurity: applied as the class default enable-modsecurity, which closes paths if the edge does not support the value",
    ),
  );
  assert.ok(
    findings.includes(
      "different data.proxy-body-size: applied as the class default proxy-body-size. Cloudflare rejects bodies above 100 MB with 413 (plan free). Upload in parts, or use a plan with more: business has 200 MB, enterprise 500 MB. --plan sets the plan",
    ),
  );
});

const reported: readonly (readonly [key: string, value: string, finding: string])[] = [
  ["hsts-max-age", "31536000", "unchanged data.hsts-max-age: no effect: the edge does the same"],
  [
    "hsts-max-age",
    "60",
    "different data.hsts-max-age: the edge sends max-age=31536000; set HSTS for the zone at Cloudflare",
  ],
  [
    "hsts",
    "false",
    "different data.hsts: https responses of hosts with spec.tls have Strict-Transport-Security; set HSTS for the zone at Cloudflare",
  ],
  [
    "hsts-include-subdomains",
    "false",
    "different data.hsts-include-subdomains: the edge sends includeSubDomains; set HSTS for the zone at Cloudflare",
  ],
  [
    "use-forwarded-headers",
    "true",
    "unchanged data.use-forwarded-headers: no effect: the client's address comes from Cloudflare",
  ],
  ["server-tokens", "false", "unchanged data.server-tokens: no effect: Cloudflare sets the header Server"],
  ["worker-processes", "4", "unchanged data.worker-processes: no effect: it tunes nginx only"],
  ["proxy-buffer-size", "16k", "unchanged data.proxy-buffer-size: no effect: Headers may have up to 128 KB."],
  [
    "limit-req-status-code",
    "429",
    "different data.limit-req-status-code: the edge answers 503 above a limit; let clients accept 503",
  ],
  [
    "add-headers",
    "ingress-nginx/headers",
    "different data.add-headers: responses do not have the headers of the ConfigMap; set custom-headers and --allowed-response-headers, or a response header rule of the zone",
  ],
  [
    "proxy-set-headers",
    "ingress-nginx/headers",
    "different data.proxy-set-headers: origins do not get the headers of the ConfigMap; let them read X-Forwarded-*, or set a request header rule of the zone",
  ],
  [
    "http-snippet",
    "map $a $b { }",
    "unsupported data.http-snippet: the edge ignores nginx configuration outside of hosts; use annotations, or rules of the zone at Cloudflare",
  ],
  [
    "block-user-agents",
    "~*bot",
    "error data.block-user-agents: the edge serves requests that ingress-nginx rejects; create a custom rule of the WAF in the zone",
  ],
  [
    "limit-rate",
    "100",
    "unsupported data.limit-rate: unsupported setting; Limit the rate at the origin, or limit requests with limit-rps.",
  ],
  [
    "otlp-collector-host",
    "x",
    "note data.otlp-collector-host: the edge sends no traces of nginx; export traces of the Worker at Cloudflare",
  ],
  ["whitelist-source-rang", "x", "note data.whitelist-source-rang: unknown key; did you mean whitelist-source-range?"],
  ["no-such-thing-at-all", "x", "note data.no-such-thing-at-all: unknown key; check what it changes"],
  ["ssl-redirect", "", "unchanged data.ssl-redirect: no effect: the value is empty"],
  ["canary", "true", "note data.canary: unknown key; check what it changes"],
];

for (const [key, value, finding] of reported) {
  test(`The key ${key}: ${value} is reported with what it changes`, () => {
    assert.deepEqual(readKeys({ [key]: value }).findings, [finding]);
  });
}

/** The responses of lint at the first path of Ingresses under the settings of a ConfigMap. */
async function lintWith(data: Data, ingresses: readonly IngressInput[]) {
  const objects = buildIngressList(ingresses).items.map((object) => ({ object, source: "shop.yaml:1" }));
  const configMap = { apiVersion: "v1", kind: "ConfigMap", metadata: buildConfigMap({}), data };
  const parsed = parseCluster([...objects, { object: configMap, source: "nginx.yaml:1" }]);
  const found = findNginxConfigMap(parsed.configMaps);
  assert.ok(found);
  const options = { ...OPTIONS, zones: ["."] };
  const { cluster } = applyNginxConfigMap(parsed, found, options, "free");
  return lint(cluster, options, rejectDecryption);
}

test("Lint answers with the global settings, and an Ingress overrides them", async () => {
  const paths = [["/cart/", "Prefix"]] as const;
  const own = { "nginx.ingress.kubernetes.io/configuration-snippet": "proxy_http_version 1.1;" };
  const findResponses = async (data: Data, annotations: Data) =>
    (await lintWith(data, [{ annotations, paths }]))
      .filter(({ rule }) => rule === "slash-redirect")
      .map(({ url, edgress }) => `${url} ${edgress}`);
  const allowed = { "whitelist-source-range": "192.0.2.0/24" };
  const snippet = { "location-snippet": "return 403;" };
  assert.deepEqual(await findResponses({}, {}), ["http://shop.example.com/cart default/shop:80"]);
  assert.deepEqual(await findResponses(allowed, {}), ["http://shop.example.com/cart 403"]);
  assert.deepEqual(await findResponses(snippet, {}), ["http://shop.example.com/cart 503"]);
  assert.deepEqual(await findResponses(snippet, own), ["http://shop.example.com/cart default/shop:80"]);
  const [finding] = await lintWith({ "enable-modsecurity": "true" }, [{}]);
  assert.partialDeepStrictEqual(finding, { rule: "RouteFailedClosed", kind: "error", edgress: "503" });
});

test("The ConfigMap is found by the names of the manifests, the chart and distributions", () => {
  const names = [
    ...["ingress-nginx-controller", "nginx-configuration", "nginx-ingress-controller", "my-ingress-nginx-controller"],
    ...["rke2-ingress-nginx-controller", "nginx-load-balancer-microk8s-conf"],
  ];
  for (const name of names) assert.equal(findNginxConfigMap([{ ...buildConfigMap({}), name }])?.name, name);
  for (const name of ["nginx", "kube-root-ca.crt", "ingress-controller-leader"])
    assert.equal(findNginxConfigMap([{ ...buildConfigMap({}), name }]), undefined);
});
