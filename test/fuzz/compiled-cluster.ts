import assert from "node:assert/strict";
import { parseCluster, type RawObject } from "../../sync/collect/parse-objects.ts";
import { compile } from "../../sync/compile/compile.ts";
import { formatDiagnostic } from "../../sync/compile/diagnostics.ts";
import type { Compilation } from "../../sync/compile/model.ts";
import type { Options } from "../../sync/compile/options.ts";
import { assertReadable } from "../compile/compile-objects.ts";
import { assertOneLine } from "./assert-refusal.ts";

const PROTOTYPE_NAMES = Object.getOwnPropertyNames(Object.prototype).join();

/** Compiles objects, and checks that the result can be published and reported. */
export function compileChecked(objects: readonly RawObject[], options: Options): Compilation {
  const compilation = compile(parseCluster(objects), options);
  for (const diagnostic of compilation.diagnostics) {
    const line = formatDiagnostic(diagnostic);
    assertOneLine(line);
    assert.doesNotMatch(line, /\[object Object\]|native code/, line);
  }
  assertReadable(compilation);
  assert.equal(Object.getOwnPropertyNames(Object.prototype).join(), PROTOTYPE_NAMES);
  return compilation;
}
