import * as z from "zod";

// Loose schemas: other fields are allowed and ignored. Null is the same as absent.

export const optionalField = <T extends z.ZodType>(type: T) => type.nullish().transform((value) => value ?? undefined);
export const optionalList = <T extends z.ZodType>(type: T) =>
  z
    .array(type)
    .nullish()
    .transform((items) => items ?? []);
export const optionalStringMap = z
  .record(z.string(), z.string())
  .nullish()
  .transform((values) => values ?? {});
/** Whether a field is set, for fields that are only reported. */
export const isPresent = z
  .unknown()
  .optional()
  .transform((value) => value !== undefined && value !== null);
export const portNumber = z.int().min(1).max(65535);

export const objectMetadata = z.object({
  uid: optionalField(z.string()),
  annotations: optionalStringMap,
  labels: optionalStringMap,
  creationTimestamp: optionalField(z.iso.datetime({ offset: true })),
});
