import assert from "node:assert/strict";
import { test } from "node:test";
import { NO_FIGURES } from "../../../sync/publish/progress/figures.ts";
import {
  formatProgress,
  formatProgressFields,
  formatProgressLine,
} from "../../../sync/publish/progress/format-progress.ts";
import { formatInterruption } from "../../../sync/publish/progress/observe-publication.ts";

const FIGURES = {
  blobs: 1040,
  writtenBlobs: 1040,
  writtenBytes: 4_230_000,
  readBackBlobs: 100,
  records: 3,
  hostChanges: 2,
  manifests: 0,
};

test("A log line of the progress names blobs, bytes, read-backs, records, host changes and manifests", () => {
  assert.equal(
    formatProgress(FIGURES),
    "publishing: blobs 1040/1040 (4.2 MB), read back 100/1040, DNS records 3, host changes 2, manifests 0/2",
  );
  assert.equal(formatProgress({ ...NO_FIGURES, records: 1 }), "publishing: DNS records 1, manifests 0/2");
  assert.equal(
    formatProgress({ ...NO_FIGURES, blobs: 2, writtenBlobs: 2, writtenBytes: 950, readBackBlobs: 2, manifests: 2 }),
    "publishing: blobs 2/2 (0.9 kB), read back 2/2, manifests 2/2",
  );
});

test("The fields of the job's log line have the same figures", () => {
  assert.equal(
    formatProgressFields(FIGURES),
    "blobs=1040/1040 bytes=4230000 readBack=100 dnsRecords=3 hostChanges=2 manifests=0/2",
  );
});

test("The line in a terminal fits its width, and loses its bar below 60 columns", () => {
  assert.deepEqual(formatProgressLine(FIGURES, 120), {
    bar: "[##########----------] ",
    text: "54 % blobs 1040/1040 (4.2 MB), read back 100/1040, DNS records 3, host changes 2, manifests 0/2",
  });
  assert.deepEqual(formatProgressLine(FIGURES, 60), {
    bar: "[##########----------] ",
    text: "54 % blobs 1040/1040 (4.2 MB), read…",
  });
  assert.deepEqual(formatProgressLine(FIGURES, 30), { bar: "", text: "54 % blobs 1040/1040 (4.2 MB…" });
  assert.deepEqual(formatProgressLine({ ...NO_FIGURES, manifests: 2 }, 80), {
    bar: "[####################] ",
    text: "100 % manifests 2/2",
  });
});

test("The line after an interruption names the generation in force", () => {
  const cases = [
    [{ wasRead: false, generation: undefined, state: "unwritten" }, undefined],
    [{ wasRead: true, generation: undefined, state: "unwritten" }, undefined],
    [{ wasRead: true, generation: 8, state: "unwritten" }, 7],
    [{ wasRead: true, generation: 8, state: "unknown" }, 7],
    [{ wasRead: true, generation: 8, state: "published" }, 7],
  ] as const;
  assert.deepEqual(
    cases.map(([manifest, active]) => formatInterruption(manifest, active)),
    [
      "interrupted: nothing was written. Run the command again",
      "interrupted: nothing is published; nothing of the new generation is served. Run the command again",
      "interrupted: generation 7 stays active; nothing of the new generation is served. Run the command again",
      "interrupted: the write of generation 8 has no response, so it may be published. Run the command again",
      "interrupted: generation 8 is published. If records or routes are missing, run the command again",
    ],
  );
});
