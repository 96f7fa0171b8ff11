import type { PublicationFigures } from "./figures.ts";

const MANIFESTS = 2;
const BAR_COLUMNS = 20;
const MIN_COLUMNS_WITH_BAR = 60;

/** The two parts of a line in a terminal. Only the bar is colored. */
export interface ProgressLine {
  readonly bar: string;
  readonly text: string;
}

/** Formats figures as a line of a log: "publishing: blobs 512/1024 (4.2 MB), read back 100/1024, manifests 0/2". */
export function formatProgress(figures: PublicationFigures): string {
  return `publishing: ${listFigures(figures).join(", ")}`;
}

/** Formats figures as a line that fits a terminal. A narrow terminal gets no bar. */
export function formatProgressLine(figures: PublicationFigures, columns: number): ProgressLine {
  const share = computeShare(figures);
  const marks = Math.floor(share * BAR_COLUMNS);
  const bar = columns < MIN_COLUMNS_WITH_BAR ? "" : `[${"#".repeat(marks)}${"-".repeat(BAR_COLUMNS - marks)}] `;
  const text = `${Math.floor(share * 100)} % ${listFigures(figures).join(", ")}`;
  const maxLength = Math.max(columns - 1 - bar.length, 0); // the last column would wrap the line
  return { bar, text: text.length <= maxLength ? text : `${text.slice(0, Math.max(maxLength - 1, 0))}…` };
}

/** Formats figures as fields of a structured log. */
export function formatProgressFields(figures: PublicationFigures): string {
  const { blobs, writtenBlobs, writtenBytes, readBackBlobs, records, hostChanges, manifests } = figures;
  return `blobs=${writtenBlobs}/${blobs} bytes=${writtenBytes} readBack=${readBackBlobs} dnsRecords=${records} hostChanges=${hostChanges} manifests=${manifests}/${MANIFESTS}`;
}

function listFigures(figures: PublicationFigures): string[] {
  const { blobs, writtenBlobs, writtenBytes, readBackBlobs, records, hostChanges, manifests } = figures;
  return [
    ...(blobs > 0 ? [`blobs ${writtenBlobs}/${blobs} (${formatBytes(writtenBytes)})`] : []),
    ...(blobs > 0 ? [`read back ${readBackBlobs}/${blobs}`] : []),
    ...(records > 0 ? [`DNS records ${records}`] : []),
    ...(hostChanges > 0 ? [`host changes ${hostChanges}`] : []),
    `manifests ${manifests}/${MANIFESTS}`,
  ];
}

/** Returns the done share of the KV work: each blob is written and read back. */
function computeShare({ blobs, writtenBlobs, readBackBlobs, manifests }: PublicationFigures): number {
  return Math.min((writtenBlobs + readBackBlobs + manifests) / (2 * blobs + MANIFESTS), 1);
}

function formatBytes(bytes: number): string {
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
