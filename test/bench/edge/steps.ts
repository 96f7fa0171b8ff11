import { writeLoadScript } from "../lab/load.ts";
import type { Lab } from "../lab/processes.ts";
import { BARE_SCRIPT, startRawWorkerd } from "../lab/workerd.ts";
import { listRequests } from "../lab/workload.ts";
import type { BenchTable } from "../report.ts";
import { compareRounds, type Round, type RoundOptions, runRound } from "./compare.ts";

// What the platform costs: Workers that do, one after the other, what the edge must do for each request. None of them has rules.

const BARE = "bare Worker";

interface Step {
  readonly name: string;
  readonly prepare?: string; // statements before the fetch
  readonly finish?: string; // statements after it
}

/** Each Worker also has the statements of those before it. */
const STEPS: readonly Step[] = [
  { name: "fetch of a URL, without redirects and cache" },
  {
    name: "and headers copied, their names read, 2 deleted and 8 set",
    prepare: `init.headers = new Headers(request.headers);
      for (const name of request.headers.keys()) if (NOT_FORWARDED.has(name)) init.headers.delete(name);
      for (const name of NAMES) init.headers.set(name, "192.0.2.17");`,
  },
  {
    name: "and a timeout, and an abort if the client leaves",
    prepare: `const controller = new AbortController();
      request.signal.addEventListener("abort", () => controller.abort());
      init.signal = controller.signal;
      let isSettled = false;
      void scheduler.wait(60000).then(() => isSettled || controller.abort());`,
    finish: "isSettled = true;",
  },
  {
    name: "and the response copied, without the header Connection",
    finish: `response = new Response(response.body, response);
      response.headers.delete("Connection");`,
  },
  {
    name: "and an access line with the protocol of the client",
    finish: `console.log(JSON.stringify({ time: new Date().toISOString(), protocol: request.cf?.httpProtocol, status: response.status,
      method: request.method, url: request.url, ray: request.headers.get("CF-Ray"), userAgent: request.headers.get("User-Agent"),
      route: "team-1/ingress-1#0.1", backend: "team-1/service-101:80", origin: "http://203.0.113.102:80" }));`,
  },
];

function buildScript(count: number): string {
  const steps = STEPS.slice(0, count);
  const join = (part: "prepare" | "finish") => steps.map((step) => step[part] ?? "").join("\n");
  return `
const NOT_FORWARDED = new Set(["connection", "cf-connecting-ip", "x-forwarded-for"]);
const NAMES = ["Request-ID", "Real-IP", "Forwarded-For", "Forwarded-Host", "Forwarded-Port", "Forwarded-Proto", "Forwarded-Scheme", "Scheme"].map((name) => "X-" + name);
export default { async fetch(request) {
  const init = { method: request.method, headers: request.headers, redirect: "manual", encodeResponseBody: "manual", cf: { cacheTtlByStatus: { "100-599": -1 } } };
  ${join("prepare")}
  let response = await fetch(request.url, init);
  ${join("finish")}
  return response;
} };`;
}

/** Compares the Workers of the steps with the Worker of one line. */
export async function measureSteps(
  lab: Lab,
  originPort: number,
  options: RoundOptions & { readonly starts: number },
): Promise<BenchTable> {
  const steps = STEPS.map(({ name }, index) => ({ name, id: `step${index}`, script: buildScript(index + 1) }));
  const workers = [{ name: BARE, id: "bare", script: BARE_SCRIPT }, ...steps];
  const script = writeLoadScript(lab, "steps", listRequests(10, true));
  const rounds: Round[] = [];
  for (let start = 0; start < options.starts; start++) {
    const order = start % 2 === 0 ? workers : workers.toReversed();
    const named = order.map(({ id, script }) => ({ name: id, script }));
    const { child, pid, portOf } = await startRawWorkerd(lab, named, { originPort });
    const sides = order.map(({ name, id }) => ({ name, target: { pid, port: portOf(id), script } }));
    const round = await runRound(lab, sides, options);
    rounds.push(new Map(workers.map(({ name }) => [name, round.get(name) ?? []])));
    await lab.stop(child);
  }
  return {
    title: "What the platform costs, step by step",
    rows: compareRounds(rounds, "Worker").map(({ row }) => row),
  };
}
