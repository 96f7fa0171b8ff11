import assert from "node:assert/strict";
import { test } from "node:test";
import { collectDiagnostics } from "../../sync/compile/diagnostics.ts";

test("No text of a diagnostic can contain an escape sequence, the name of a file included", () => {
  const hostile = "a\u001b[2J\u202e";
  const { diagnostics } = collectDiagnostics((report) =>
    report("InvalidPath", { object: hostile, source: `${hostile}.yaml:1`, field: hostile }, hostile, hostile, hostile),
  );
  const texts = diagnostics.flatMap(({ reason: _, ...fields }) => Object.values(fields));
  const printable = "a\\u001b[2J\\u202e";
  assert.deepEqual(texts, [printable, `${printable}.yaml:1`, printable, printable, printable, printable]);
});
