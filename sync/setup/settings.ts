import * as z from "zod";
import { UsageError } from "../runtime/usage-error.ts";
import { ENVIRONMENTS, type EnvironmentName, locateFiles, readIfExists, writePrivateFile } from "./folder.ts";
import { KEY_SLOTS } from "./keys/key-slots.ts";

const FORMAT = 1;

/** The settings of an environment, as stored in its folder. Nothing in them is secret. */
export const SetupSettings = z.strictObject({
  format: z.literal(FORMAT),
  accountId: z.string(),
  /** Name of the Worker. */
  script: z.string(),
  namespaceTitle: z.string(),
  /** Undefined until the KV namespace exists. */
  namespaceId: z.optional(z.string()),
  /** Whether the KV namespace existed before the set-up, so that a removal leaves it. */
  isNamespaceAdopted: z.optional(z.boolean()),
  /** Public keys whose signatures the Worker accepts. Two during a rotation, the new one last. */
  verifyingKeys: z.array(z.string()),
  /** Whether the Worker writes to Analytics Engine. */
  analytics: z.boolean(),
  zones: z.array(z.string()),
  edgeUrl: z.optional(z.string()),
  /** The rotation in progress. */
  rotation: z.optional(
    z.strictObject({
      slot: z.enum(KEY_SLOTS), // of the new decryption key
      isAccepted: z.boolean(), // whether every location accepts the new keys
    }),
  ),
});
export type SetupSettings = z.infer<typeof SetupSettings>;

/** The settings of each environment that is set up in a folder. */
export type SettingsByEnvironment = ReadonlyMap<EnvironmentName, SetupSettings>;

/** Reads the settings of all environments in a folder. Throws a `UsageError` if a file is damaged. */
export async function readAllSettings(folder: string): Promise<SettingsByEnvironment> {
  const entries: [EnvironmentName, SetupSettings][] = [];
  for (const environment of ENVIRONMENTS) {
    const settings = await readSettings(folder, environment);
    if (settings) entries.push([environment, settings]);
  }
  return new Map(entries);
}

/** Reads the settings of an environment. Undefined if it is not set up. */
export async function readSettings(folder: string, environment: EnvironmentName): Promise<SetupSettings | undefined> {
  const path = locateFiles(folder, environment).settings;
  const text = await readIfExists(path);
  if (text === undefined) return undefined;
  const result = SetupSettings.safeParse(parseJson(text));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new UsageError(
    `settings file is invalid: ${path} (${issue?.path.join(".")}: ${issue?.message}). Restore it, or remove it and run \`edgress init\` again`,
  );
}

/** Writes the settings of an environment. */
export async function writeSettings(
  folder: string,
  environment: EnvironmentName,
  settings: SetupSettings,
): Promise<void> {
  const { settings: path } = locateFiles(folder, environment);
  await writePrivateFile(path, `${JSON.stringify(settings, undefined, 2)}\n`);
}

/** Returns the settings of a new environment. */
export function createSettings(accountId: string, script: string): SetupSettings {
  const namespaceTitle = `${script}-rules`;
  return { format: FORMAT, accountId, script, namespaceTitle, verifyingKeys: [], analytics: false, zones: [] };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
