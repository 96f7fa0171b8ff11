import { parseCluster } from "../../../sync/collect/parse-objects.ts";
import type { Finding } from "../../../sync/lint/findings/finding.ts";
import { type Baseline, EMPTY_BASELINE } from "../../../sync/lint/verdicts/baseline.ts";
import { buildReport } from "../../../sync/lint/verdicts/build-report.ts";
import { checkIngress } from "../../../sync/lint/verdicts/checked-objects.ts";
import type { LintReport } from "../../../sync/lint/verdicts/report.ts";
import { buildIngressFrom, NGINX } from "./lint.ts";

/** An error whose texts need escaping in every format. */
export const CLOSED: Finding = {
  rule: "RouteFailedClosed",
  object: "Ingress default/shop",
  field: `metadata.annotations[${NGINX}server-snippet]`,
  source: "a folder/shop.yaml:12",
  kind: "error",
  message: 'unsupported | <"&>\u0001 *text*',
  remedy: "use annotations",
  url: "http://shop.example.com/",
  nginx: "200",
  edgress: "503",
};

export const UNCHANGED: Finding = {
  rule: "full-support",
  object: "Ingress default/blog",
  field: "spec.rules",
  source: "b.yaml:1",
  kind: "unchanged",
  message: "1 path: as in ingress-nginx",
};

const INGRESSES = ["shop", "blog"].map((name) => {
  const ingress = buildIngressFrom({ name });
  return { ...ingress, spec: { rules: ingress.spec.rules.map((rule) => ({ ...rule, host: `${name}.example.com` })) } };
});

/** Builds a report about the Ingresses `shop` and `blog`, each with a host of its name. */
export function buildSampleReport(findings: readonly Finding[], baseline: Baseline = EMPTY_BASELINE): LintReport {
  const cluster = parseCluster(INGRESSES.map((object) => ({ object, source: "all.yaml:1" })));
  return buildReport(findings, cluster.ingresses.map(checkIngress), baseline, {
    uncheckedObjects: [{ kind: "Secret", namespace: "default", name: "staff" }],
    skippedClasses: [{ kind: "IngressClass", name: "traefik", controller: undefined, count: 2 }],
  });
}
