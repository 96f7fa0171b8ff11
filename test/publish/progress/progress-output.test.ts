import assert from "node:assert/strict";
import { test } from "node:test";
import { createProgressOutput } from "../../../sync/commands/publications/progress.ts";
import { NO_FIGURES, type PublicationFigures } from "../../../sync/publish/progress/figures.ts";

const START = { ...NO_FIGURES, blobs: 4 };

/** Creates an output whose text is kept, with figures that a test sets. */
function createOutput(isTTY: boolean, useColors = false) {
  const state = { figures: NO_FIGURES as PublicationFigures, text: "" };
  const stream = {
    isTTY,
    columns: 64,
    write(text: string) {
      state.text += text;
    },
  };
  return { state, output: createProgressOutput(stream, () => state.figures, useColors) };
}

test("In a terminal, one line is redrawn when the figures change, and nothing is left of it", () => {
  const { state, output } = createOutput(true);
  output.update(0);
  assert.equal(state.text, "");
  state.figures = START;
  output.update(100);
  output.update(200);
  state.figures = { ...START, writtenBlobs: 4, writtenBytes: 2000 };
  output.update(300);
  output.clear();
  output.clear();
  assert.equal(
    state.text,
    "\r[--------------------] 0 % blobs 0/4 (0.0 kB), read back 0/4, …\u001b[K" +
      "\r[########------------] 40 % blobs 4/4 (2.0 kB), read back 0/4,…\u001b[K" +
      "\r\u001b[K",
  );
});

test("In a terminal with colors, the bar is colored", () => {
  const { state, output } = createOutput(true, true);
  state.figures = START;
  output.update(0);
  assert.match(state.text, /^\r\u001b\[36m\[-{20}\] \u001b\[39m0 % blobs/);
});

test("A log gets a first line after 2 s, and further lines at most every 5 s and with new figures", () => {
  const { state, output } = createOutput(false);
  state.figures = START;
  for (const now of [0, 1900]) output.update(now);
  assert.equal(state.text, "");
  output.update(2000);
  state.figures = { ...START, writtenBlobs: 4, writtenBytes: 2000 };
  for (const now of [3000, 6900, 7000, 12_000, 20_000]) output.update(now);
  output.clear();
  assert.equal(
    state.text,
    "publishing: blobs 0/4 (0.0 kB), read back 0/4, manifests 0/2\n" +
      "publishing: blobs 4/4 (2.0 kB), read back 0/4, manifests 0/2\n",
  );
});
