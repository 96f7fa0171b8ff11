import * as z from "zod/mini";
import type { ApiCall, ErrorReply } from "../api-types.ts";
import { workersErrors } from "./api-errors.ts";
import type { ScriptModule } from "./script-model.ts";

const Migration = z.object({
  old_tag: z.optional(z.string()),
  new_tag: z.optional(z.string()),
  steps: z.optional(
    z.array(
      z.object({
        new_classes: z.optional(z.array(z.string())),
        new_sqlite_classes: z.optional(z.array(z.string())),
        deleted_classes: z.optional(z.array(z.string())),
      }),
    ),
  ),
});
export type Migration = z.infer<typeof Migration>;

const UploadMetadata = z.object({
  main_module: z.optional(z.string()),
  body_part: z.optional(z.string()),
  compatibility_date: z.optional(z.string()),
  compatibility_flags: z.optional(z.array(z.string())),
  bindings: z.optional(z.array(z.looseObject({ name: z.string(), type: z.string() }))),
  keep_bindings: z.optional(z.array(z.string())),
  migrations: z.optional(Migration),
  annotations: z.optional(z.record(z.string(), z.string())),
  logpush: z.optional(z.boolean()),
  observability: z.optional(z.unknown()),
  tags: z.optional(z.array(z.string())),
  tail_consumers: z.optional(z.array(z.unknown())),
});

/** An upload of a script: its metadata and its modules. */
export interface ScriptUpload {
  readonly mainModule: string;
  readonly modules: readonly ScriptModule[];
  readonly metadata: z.infer<typeof UploadMetadata>;
}

/** MIME types of the modules that a script can import. */
const MODULE_TYPES = new Set([
  "application/javascript+module",
  "application/javascript",
  "text/javascript+module",
  "text/javascript",
  "application/wasm",
  "application/octet-stream",
  "text/plain",
  "application/json",
]);

/** Reads the parts of a form. Returns undefined if the body is no form. */
export async function readForm({ contentType, body }: ApiCall): Promise<FormData | undefined> {
  if (!contentType.startsWith("multipart/form-data")) return undefined;
  const response = new Response(new Uint8Array(body), { headers: { "content-type": contentType } });
  return response.formData().catch(() => undefined);
}

/** Reads an uploaded script, or returns why it is rejected. */
export async function readUpload(call: ApiCall): Promise<ScriptUpload | ErrorReply> {
  const form = await readForm(call);
  if (!form) return workersErrors.multipartExpected();
  const metadata = z.safeParse(UploadMetadata, await readJsonPart(form, "metadata"));
  if (!metadata.success) return workersErrors.invalidUpload(`metadata is invalid: ${z.prettifyError(metadata.error)}`);
  const mainModule = metadata.data.main_module ?? metadata.data.body_part;
  if (mainModule === undefined) return workersErrors.invalidUpload("metadata must have main_module or body_part");
  const parts = [...form].filter(([name]) => name !== "metadata");
  const modules = await Promise.all(parts.map(([name, value]) => readModule(name, value)));
  const sources = modules.filter(({ type }) => type !== "application/source-map");
  const unsupportedModule = sources.find(({ type }) => !MODULE_TYPES.has(type));
  if (unsupportedModule)
    return workersErrors.noHandlers(
      `Module '${unsupportedModule.name}' has the unsupported type ${unsupportedModule.type}.`,
    );
  if (!sources.some(({ name }) => name === mainModule))
    return workersErrors.noHandlers(`No part of the upload is named '${mainModule}', the main module.`);
  return { mainModule, modules: sources, metadata: metadata.data };
}

/** Reads a part with JSON, sent as text or as a file. Returns undefined if it is absent or no JSON. */
export async function readJsonPart(form: FormData, name: string): Promise<unknown> {
  const value = form.get(name);
  if (value === null) return undefined;
  try {
    return JSON.parse(typeof value === "string" ? value : await value.text());
  } catch {
    return undefined;
  }
}

async function readModule(name: string, value: string | File): Promise<ScriptModule> {
  if (typeof value === "string") return { name, type: "text/plain", content: Buffer.from(value) };
  const type = value.type.split(";")[0]?.trim() ?? "";
  return { name, type, content: Buffer.from(await value.arrayBuffer()) };
}
