import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const MODULE = fileURLToPath(new URL("../../gateway-conformance", import.meta.url));

/**
 * Returns the folder of the resource definitions of the Gateway API (standard channel), which is downloaded once. Returns
 * undefined without a Go that is new enough.
 */
export function findGatewayDefinitions(): string | undefined {
  const list = ["list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/gateway-api"];
  for (const go of ["go", "/usr/local/go/bin/go"]) {
    try {
      execFileSync(go, ["mod", "download", "sigs.k8s.io/gateway-api"], {
        cwd: MODULE,
        env: ENVIRONMENT,
        stdio: "pipe",
      });
      const folder = execFileSync(go, list, { cwd: MODULE, env: ENVIRONMENT, encoding: "utf8", stdio: "pipe" }).trim();
      if (folder !== "") return join(folder, "config/crd/standard");
    } catch {} // no Go here, or an older one
  }
  return undefined;
}

const ENVIRONMENT = { ...process.env, GOWORK: "off", GOFLAGS: "-mod=readonly", GOTOOLCHAIN: "local" };
