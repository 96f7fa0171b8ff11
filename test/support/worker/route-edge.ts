import type { PolicySettings } from "../../../src/rules/policies/index.ts";
import type { HostRules } from "../../../src/rules/snapshot.ts";
import { waitForGeneration } from "../../../sync/local/wait-for-generation.ts";
import { publish } from "../../../sync/publish/publish.ts";
import { buildIngressManifest, buildServiceManifest } from "../manifests.ts";
import { buildRules } from "../publish/sample-rules.ts";
import type { WorkerHarness } from "./worker-harness.ts";

/** A route for all paths of a host. */
export interface RouteSummary {
  /** The name of its Service; none if undefined. */
  readonly service?: string;
  readonly policies: PolicySettings;
}

/** A filter that asks the Service "auth" about each request. */
export const AUTH_FILTER = {
  type: "external-auth",
  backend: "default/auth:80",
  pathPrefix: "",
  requestHeaders: [] as string[],
  responseHeaders: [] as string[],
  maxBodyBytes: 0,
} as const;

/**
 * Publishes routes of the namespace "default" by the first label of their host in example.com. All of them may use all
 * Services, as "default/name:80".
 */
export async function publishRoutes(
  edge: WorkerHarness,
  routes: Readonly<Record<string, RouteSummary>>,
  services: Readonly<Record<string, readonly string[]>>,
): Promise<void> {
  const paths = Object.fromEntries(Object.keys(services).map((name) => [`/${name}`, name]));
  const { rules } = await edge.publish([
    buildIngressManifest("sample", "sample.example.com", paths),
    ...Object.entries(services).map(([name, addresses]) => buildServiceManifest(name, addresses)),
  ]);
  const { backends = {} } = rules.hosts[0] ?? {};
  const hosts = Object.entries(routes).map(([name, { service, policies }]): HostRules => {
    const route = { id: `default/${name}#0`, path: { type: "prefix", path: "/" } as const, policies };
    const backend = service && `default/${service}:80`;
    return {
      host: `${name}.example.com`,
      policies: {},
      backends,
      routes: [backend === undefined ? route : { ...route, backend }],
    };
  });
  const { kv, signer } = edge.account;
  const { generation } = await publish(buildRules(hosts), kv, signer, new Date());
  await waitForGeneration(edge.stack.http, generation);
}
