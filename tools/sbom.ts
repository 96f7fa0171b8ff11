import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import packageJson from "../package.json" with { type: "json" };

const REPOSITORY = fileURLToPath(new URL("..", import.meta.url));
const DIST = join(REPOSITORY, "dist");

interface Component {
  readonly name: string;
  readonly group?: string;
  readonly version: string;
  readonly "bom-ref": string;
}
interface Dependency {
  readonly ref: string;
  readonly dependsOn?: readonly string[];
}
interface Bom {
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly Dependency[];
}

/** Writes dist/edgress-<version>.cdx.json: the packages in the bundles of dist/ (CycloneDX). Run the build first. */
const shipped = new Set<string>(JSON.parse(await readFile(join(DIST, "bundled-packages.json"), "utf8")));
for (const [name, version] of Object.entries(packageJson.dependencies)) shipped.add(`${name}@${version}`);

const printed = execFileSync("npm", ["sbom", "--sbom-format=cyclonedx", "--sbom-type=application"], {
  cwd: REPOSITORY,
  encoding: "utf8",
  maxBuffer: 2 ** 26,
});
const bom = JSON.parse(printed) as Bom;
const file = join(DIST, `edgress-${packageJson.version}.cdx.json`);
await writeFile(file, `${JSON.stringify(withShippedOnly(bom), null, 2)}\n`);
console.log(relative(REPOSITORY, file));

/** npm lists development dependencies too; the bundles contain some of them. */
function withShippedOnly(all: Bom): Bom {
  const components = all.components.filter((component) => shipped.has(idOf(component)));
  const missing = [...shipped].filter((id) => !components.some((component) => idOf(component) === id));
  if (missing.length > 0) throw new Error(`packages not found in the SBOM of npm: ${missing.join(", ")}`);
  const root = all.metadata.component["bom-ref"];
  const known = new Set([root, ...components.map((component) => component["bom-ref"])]);
  const dependencies = all.dependencies
    .filter(({ ref }) => known.has(ref))
    .map(({ ref, dependsOn = [] }) => ({
      ref,
      dependsOn: ref === root ? components.map((one) => one["bom-ref"]) : dependsOn.filter((one) => known.has(one)),
    }));
  // npm names the component after the folder, and marks bundled packages as development tools.
  const component = { ...all.metadata.component, name: packageJson.name };
  return {
    ...all,
    metadata: { ...all.metadata, component },
    components: components.map((one) => ({ ...one, scope: "required", properties: [] })),
    dependencies,
  };
}

function idOf({ name, group, version }: Component): string {
  return `${group ? `${group}/` : ""}${name}@${version}`;
}
