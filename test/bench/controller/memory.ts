import { parseArgs } from "node:util";
import { checkBar, createReport, finishBench } from "../report.ts";
import { measureHeapGrowth } from "./heap-growth.ts";

// Compares the heap of the controller's stages after few and after many changes: node --expose-gc memory.ts --changes 10000.

const MAX_GROWTH_KB = 2000;

const { values: flags } = parseArgs({
  options: { changes: { type: "string", default: "10000" }, quick: { type: "boolean" }, json: { type: "string" } },
});
const changes = flags.quick ? 500 : Number(flags.changes);
const growth = await measureHeapGrowth(Math.round(changes / 10), changes);
const bar = checkBar(`heap after ${changes} changes, beyond that after a tenth`, growth.growthKb, MAX_GROWTH_KB, "kB");
finishBench(createReport("controller-memory", [{ title: "Heap after a collection", rows: growth.rows }], [bar]), {
  json: flags.json,
});
