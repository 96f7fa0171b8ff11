import { errorMessage } from "../../src/rules/error-message.ts";
import type { Options } from "../compile/options.ts";
import type { LintInput } from "../lint/input/collect-input.ts";
import { writeServices } from "../lint/services/write-services.ts";
import { UsageError } from "../runtime/usage-error.ts";

/** Writes the manifests of `--write-services`. Rejects with a `UsageError` if a file exists. */
export async function writeServiceManifests(
  folder: string,
  { files, cluster }: LintInput,
  options: Options,
): Promise<void> {
  try {
    const objects = files.flatMap((file) => file.objects);
    await writeServices(folder, objects, cluster, options);
  } catch (error) {
    throw new UsageError(`--write-services cannot write: ${errorMessage(error)}. Name an empty or new folder`);
  }
}
