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

test("A text of a diagnostic has up to 1,000 characters, however long the value is", () => {
  const value = `${"a".repeat(998)}\u{1f600}${"b".repeat(250_000)}`;
  const { diagnostics } = collectDiagnostics((report) =>
    report("InvalidPath", { object: value, source: value, field: value }, value, value, value),
  );
  const texts = diagnostics.flatMap(({ reason: _, ...fields }) => Object.values(fields));
  const whole = `${"a".repeat(998)}\u{1f600}`;
  assert.deepEqual(new Set(texts), new Set([`${whole}… (251000 characters)`]));
  const [{ problem = "" } = {}] = collectDiagnostics((report) =>
    report("InvalidPath", { object: "", source: "", field: "" }, `a${value}`, "", ""),
  ).diagnostics;
  assert.equal(problem, `a${"a".repeat(998)}… (251001 characters)`); // half of a surrogate pair is not printed
});
