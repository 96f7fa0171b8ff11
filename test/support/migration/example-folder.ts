import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAllDocuments, stringify } from "yaml";
import type { LintReport } from "../../../sync/lint/verdicts/report.ts";
import { EXAMPLES, runEdgress } from "../cli/edge-cli.ts";

/** Ordinary Ingresses of ingress-nginx, with their Services as charts render them. */
export const MIGRATION_EXAMPLE = join(EXAMPLES, "ingress-nginx-migration");

/** A Service as `kubectl get` returns it, in the parts that the tests need. */
export interface PlainService {
  readonly kind: "Service";
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: { readonly type?: string };
}

/** Reads the objects of a folder, in the order of file names. */
export async function readObjects(folder: string): Promise<object[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".yaml")).toSorted();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
  return texts.flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as object));
}

export function isService(object: object): object is PlainService {
  return "kind" in object && object.kind === "Service";
}

/** Runs `use` with the folder, and `secrets` that are never in Git. */
export function withExampleFolder<T>(secrets: readonly object[], use: (folder: string) => Promise<T>): Promise<T> {
  return withTemporaryFolder(async (folder) => {
    await writeObjects(folder, [...(await readObjects(MIGRATION_EXAMPLE)), ...secrets]);
    return await use(folder);
  });
}

/**
 * Runs `use` with the folder after its migration: the Services of `edgress lint --write-services` are applied, load
 * balancers have given them addresses, and `secrets` exist.
 */
export function withMigratedFolder<T>(secrets: readonly object[], use: (folder: string) => Promise<T>): Promise<T> {
  return withTemporaryFolder(async (folder) => {
    const services = join(folder, "services");
    await runEdgress(["lint", MIGRATION_EXAMPLE, "--write-services", services]);
    const writtenServices = (await readObjects(services)).filter(isService).map(withAddress);
    await rm(services, { recursive: true });
    const writtenNames = new Set(writtenServices.map(nameOfService));
    const others = (await readObjects(MIGRATION_EXAMPLE)).filter(
      (object) => !(isService(object) && writtenNames.has(nameOfService(object))),
    );
    await writeObjects(folder, [...others, ...writtenServices, ...secrets]);
    return await use(folder);
  });
}

async function withTemporaryFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "edgress-migration-"));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function writeObjects(folder: string, objects: readonly object[]): Promise<void> {
  await writeFile(join(folder, "all.yaml"), objects.map((object) => stringify(object)).join("---\n"));
}

function nameOfService({ metadata: { namespace, name } }: PlainService): string {
  return `${namespace}/${name}`;
}

function withAddress(service: PlainService, index: number): PlainService {
  if (service.spec.type !== "LoadBalancer") return service;
  return Object.assign({}, service, { status: { loadBalancer: { ingress: [{ ip: `203.0.113.${index + 1}` }] } } });
}

/** Returns the JSON report of `edgress lint` about a folder. */
export async function lintFolder(folder: string): Promise<LintReport> {
  const { stdout, stderr } = await runEdgress(["lint", folder, "--zone", "example.com", "--format", "json"]);
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout) as LintReport;
}
