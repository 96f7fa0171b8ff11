import { compile } from "../../../sync/compile/compile.ts";
import { createRegexLookup } from "../../../sync/regex-check/regex-lookup.ts";
import { buildIngressManifest, buildServiceManifest } from "../../support/manifests.ts";
import { BENCH_OPTIONS, type Elapsed, measureElapsed, parseObjects } from "./compile-options.ts";
import { buildIngressClass } from "./publication-objects.ts";

// Prints, as JSON, what it costs to check and compile regexes that are all different.

const NAME = "payments-backoffice-reporting-service"; // long, because literal text must not make a check dearer
const ANNOTATIONS = { "nginx.ingress.kubernetes.io/use-regex": "true" };

/** A row of the table. */
export interface RegexCost extends Elapsed {
  readonly regexes: number;
  readonly hosts: number;
  readonly "refused regexes": number;
}

const [regexes = 0, hosts = 0] = process.argv.slice(2).map(Number);
const pathsOfHost = Math.ceil(regexes / hosts);
const cluster = parseObjects(buildObjects());
const options = { ...BENCH_OPTIONS, regexVerdicts: createRegexLookup() };
const { value, elapsed } = await measureElapsed(() => compile(cluster, options));
const routes = value.rules.hosts.flatMap((host) => host.routes).filter(({ path }) => path.type === "regex");
const cost: RegexCost = { regexes, hosts, ...elapsed, "refused regexes": Math.max(0, regexes - routes.length) };
console.log(JSON.stringify(cost));

function* buildObjects(): Generator<object> {
  yield buildIngressClass();
  yield buildServiceManifest("shop", ["203.0.113.10"]);
  for (let host = 0; host < hosts; host++) {
    const paths = Array.from({ length: pathsOfHost }, (_, index) => [`/${NAME}-${host}-${index}(/|$)(.*)`, "shop"]);
    const manifest = buildIngressManifest(`i-${host}`, `h-${host}.example.com`, Object.fromEntries(paths)) as {
      readonly metadata: object;
    };
    yield { ...manifest, metadata: { ...manifest.metadata, annotations: ANNOTATIONS } };
  }
}
