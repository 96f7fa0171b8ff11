import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readTerminal } from "../../../sync/commands/terminal.ts";

const terminal = { isTTY: true, columns: 90, hasColors: () => true };

describe("the settings of a terminal", () => {
  for (const [sentence, stream, environment, width, useColors] of [
    ["A terminal has its width and colors", terminal, {}, 90, true],
    ["NO_COLOR disables the colors of a terminal", terminal, { NO_COLOR: "1" }, 90, false],
    ["A terminal without colors has none", { ...terminal, hasColors: () => false }, {}, 90, false],
    ["A wide terminal has lines of 120 columns", { ...terminal, columns: 300 }, {}, 120, true],
    ["A narrow terminal has lines of 60 columns", { ...terminal, columns: 20 }, {}, 60, true],
    ["A file has lines of 100 columns without colors", {}, {}, 100, false],
    ["A file has the width of COLUMNS", {}, { COLUMNS: "72" }, 72, false],
    ["FORCE_COLOR enables colors in a file", {}, { FORCE_COLOR: "1" }, 100, true],
    ["FORCE_COLOR=0 disables colors", terminal, { FORCE_COLOR: "0" }, 90, false],
  ] as const) {
    test(sentence, () => {
      assert.deepEqual(readTerminal(stream, environment), { width, useColors });
    });
  }
});
