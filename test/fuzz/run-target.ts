import { parseArgs } from "node:util";
import { formatFailure, formatResult } from "./format-result.ts";
import { searchFailure } from "./run-property.ts";
import type { StartTarget } from "./target.ts";

// The process of one target: `node test/fuzz/run-target.ts NAME --ms N --seed N [--property NAME --path PATH]`.

/** Memory that a target may use, its inputs and the servers in its process included. */
const MAX_RSS_MIB = 1024;
const KIB_IN_MIB = 1024;
const MIN_SEARCH_SHARE = 0.3;

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ms: { type: "string", default: "10000" },
    seed: { type: "string", default: "1" },
    property: { type: "string" },
    path: { type: "string" },
  },
});
const [name = ""] = positionals;

// An error that no property caught would end a process of the product, so it ends this one.
process.on("unhandledRejection", (error) => {
  process.stderr.write(`FAILED ${name}: unhandled rejection: ${error instanceof Error ? error.stack : error}\n`);
  process.exit(1);
});

// The edge's log, of which some inputs write thousands of lines.
for (const method of ["log", "warn", "error"] as const) console[method] = () => undefined;

const { startTarget } = (await import(`./targets/${name}.ts`)) as { readonly startTarget: StartTarget };
const started = await startTarget();
const properties = started.properties.filter((property) => (flags.property ?? property.name) === property.name);
if (properties.length === 0) throw new Error(`property not found: ${name}/${flags.property}`);
// The start is a part of the time, but a slow start leaves some time for inputs.
const searchMs = Math.max(Number(flags.ms) - performance.now(), MIN_SEARCH_SHARE * Number(flags.ms));
try {
  for (const property of properties) {
    const milliseconds = searchMs / properties.length;
    const result = await searchFailure(property, { seed: Number(flags.seed), milliseconds, path: flags.path });
    process.stdout.write(`${formatResult(name, result)}\n`);
    if (!result.failure) continue;
    process.stdout.write(formatFailure(name, result.name, result.failure));
    process.exitCode = 1;
  }
} finally {
  await started.close();
}
const rssMib = Math.round(process.resourceUsage().maxRSS / KIB_IN_MIB);
if (rssMib > MAX_RSS_MIB) {
  process.stdout.write(`FAILED ${name}: used ${rssMib} MiB of memory, more than ${MAX_RSS_MIB}\n`);
  process.exitCode = 1;
}
