import { selectIngresses } from "../../compile/select/ingress-class.ts";
import { convertIngresses } from "../../convert/convert.ts";
import { formatConversion, formatGap } from "../../convert/format-conversion.ts";
import { resolveClassSelector, type SourceController } from "../../lint/input/class-selection.ts";
import { UsageError } from "../../runtime/usage-error.ts";
import { assertReadablePaths, readPaths } from "../manifest-paths.ts";

const CONTROLLER = "edgress.dev/ingress-controller";

export interface ConvertOptions {
  readonly from: SourceController;
  readonly ingressClass?: string | undefined;
  readonly gateway: string;
}

/** The output of `edgress convert`. */
export interface ConvertResult {
  readonly manifests: string;
  /** Lines for standard error. */
  readonly problems: readonly string[];
  readonly exitCode: 0 | 1;
}

/** Converts the Ingresses of manifests. Rejects with a `UsageError` if a path or option is invalid. */
export async function runConvert(paths: readonly string[], options: ConvertOptions): Promise<ConvertResult> {
  if (paths.length === 0) throw new UsageError("path is missing. Write it like: edgress convert ./manifests");
  const gateway = parseGatewayName(options.gateway);
  await assertReadablePaths(paths);
  const { cluster, problems } = await readPaths(paths);
  const ingresses = selectIngresses(cluster, resolveClassSelector(options));
  const conversion = convertIngresses(ingresses, cluster, gateway);
  return {
    manifests: formatConversion(conversion, gateway, CONTROLLER),
    problems: [...problems, ...conversion.gaps.map(formatGap)],
    exitCode: conversion.keptIngresses.length === 0 ? 0 : 1,
  };
}

function parseGatewayName(text: string) {
  const [, namespace, name] = /^([a-z0-9-]+)\/([a-z0-9.-]+)$/.exec(text) ?? [];
  if (namespace === undefined || name === undefined) {
    throw new UsageError(`--gateway is invalid: "${text}". Write it like infra/web`);
  }
  return { namespace, name };
}
