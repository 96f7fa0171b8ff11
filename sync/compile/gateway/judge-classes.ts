import { compareText } from "../../../src/rules/compare-text.ts";
import type { GatewayObjects } from "../../collect/gateway/gateway-model.ts";
import type { JudgedClass } from "./judged-gateways.ts";

/** The versions whose fields are known: v1.0 to v1.6. */
const SUPPORTED_VERSION = /^v1\.[0-6]\./;

/** Returns the GatewayClasses with our controller's name, sorted by name. */
export function judgeClasses(
  { gatewayClasses, bundleVersion }: Pick<GatewayObjects, "gatewayClasses" | "bundleVersion">,
  controller: string,
): readonly JudgedClass[] {
  const versionProblem = judgeVersion(bundleVersion);
  return gatewayClasses
    .filter(({ controllerName }) => controllerName === controller)
    .toSorted((a, b) => compareText(a.name, b.name))
    .map((gatewayClass) => ({ gatewayClass, rejection: judgeParameters(gatewayClass.parametersRef), versionProblem }));
}

function judgeParameters(parametersRef: { readonly kind: string; readonly name: string } | undefined) {
  if (parametersRef === undefined) return undefined;
  const message = `parametersRef ${parametersRef.kind} ${parametersRef.name} is not supported`;
  return { reason: "InvalidParameters", message, remedy: "remove spec.parametersRef" };
}

function judgeVersion(version: string | undefined): JudgedClass["versionProblem"] {
  if (version === undefined) return "unread";
  if (SUPPORTED_VERSION.test(version)) return undefined;
  const found = version === "" ? "the resource definitions have no bundle version" : `bundle version ${version}`;
  return { reason: "UnsupportedVersion", message: found, remedy: "install Gateway API v1.0 to v1.6" };
}
