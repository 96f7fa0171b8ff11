import { join } from "node:path";
import { generateSigningKeys } from "../../../sync/publish/sign-manifest.ts";
import { EXAMPLES } from "./edge-cli.ts";
export const keys = generateSigningKeys();
export const args = ["publish", "--manifests", join(EXAMPLES, "fanout"), "--watch-ingress-without-class"];
