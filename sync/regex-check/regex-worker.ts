import { parentPort } from "node:worker_threads";
import { checkRegex } from "./check-regex.ts";

/** Entry of the thread that checks regexes: a pattern comes in, its verdict goes out. */
parentPort?.on("message", (pattern: string) => parentPort?.postMessage(checkRegex(pattern)));
parentPort?.postMessage("ready");
