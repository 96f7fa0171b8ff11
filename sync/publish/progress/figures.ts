/** The changes of a publication so far. */
export interface PublicationFigures {
  /** Blobs to write. */
  readonly blobs: number;
  readonly writtenBlobs: number;
  readonly writtenBytes: number;
  /** Blobs that KV returned as written. */
  readonly readBackBlobs: number;
  /** DNS records of origins that were added or removed. */
  readonly records: number;
  /** Records, routes and certificates of hosts that were added, replaced or removed. */
  readonly hostChanges: number;
  /** Written manifests: the one in history, then the one that edges read. */
  readonly manifests: number;
}

export const NO_FIGURES: PublicationFigures = {
  blobs: 0,
  writtenBlobs: 0,
  writtenBytes: 0,
  readBackBlobs: 0,
  records: 0,
  hostChanges: 0,
  manifests: 0,
};

/** Whether anything was changed, or is about to be written. */
export function hasStarted({ blobs, records, hostChanges, manifests }: PublicationFigures): boolean {
  return blobs + records + hostChanges + manifests > 0;
}
