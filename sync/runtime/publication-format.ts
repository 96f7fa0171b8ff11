/** Formats of the report of a publication. */
export const PUBLICATION_FORMATS = ["text", "json"] as const;
export type PublicationFormat = (typeof PUBLICATION_FORMATS)[number];
