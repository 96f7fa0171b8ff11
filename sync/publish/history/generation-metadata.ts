import * as z from "zod";
import { type Manifest, ManifestAuthor, ManifestCounts, Rollback } from "../../../src/rules/snapshot.ts";

/** KV metadata of a generation, so that one list shows the history. It is not signed. */
export const GenerationMetadata = z.object({
  publishedAt: z.string(),
  author: ManifestAuthor,
  counts: ManifestCounts,
  rollback: z.optional(Rollback),
});
export type GenerationMetadata = z.infer<typeof GenerationMetadata>;

/** Keeps the metadata within 1,024 bytes of JSON. */
const MAX_TEXT_BYTES = 100;

/** Returns the metadata of a generation. Long texts of its author are cut. */
export function buildGenerationMetadata({ publishedAt, author, counts, rollback }: Manifest): GenerationMetadata {
  return {
    publishedAt,
    author: Object.fromEntries(Object.entries(author).map(([key, text = ""]) => [key, cut(text)])),
    counts,
    ...(rollback && { rollback: { ...rollback, by: cut(rollback.by) } }),
  };
}

/** Returns the first part of a text whose JSON has at most 100 bytes. */
function cut(text: string): string {
  const characters = [...text.slice(0, MAX_TEXT_BYTES)];
  while (Buffer.byteLength(JSON.stringify(characters.join(""))) > MAX_TEXT_BYTES) characters.pop();
  return characters.join("");
}
