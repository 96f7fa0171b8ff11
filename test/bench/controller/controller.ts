import { measureWithSlowness } from "../lab/machine-speed.ts";
import { checkBar, checkTimeBar, createReport, describeSpeed, finishBench, readBenchFlags } from "../report.ts";
import { measureInChild } from "./measure-child.ts";
import type { PublicationCost } from "./publication-costs.ts";
import type { RegexCost } from "./regex-costs.ts";

// Measures compile, plan and publish by number of hosts, and checks of regexes. Each row group has a process of its own.

const BAR_HOSTS = 100_000;
const MAX_FIRST_CPU_MS = 30_000;
const MAX_FIRST_RSS_MB = 1300;
const MAX_CHANGE_CPU_MS = 700;
const MAX_CHANGE_WRITES = 3;
const MAX_CHANGE_KB = 100; // of all writes together
const MAX_REGEX_CPU_MS = 5000;

const flags = readBenchFlags();
const sizes = flags.quick ? [100] : [100, 1000, 10_000, BAR_HOSTS];
const regexSizes = flags.quick ? [[100, 100] as const] : [[10_000, 10_000] as const, [5000, 1] as const];

const {
  result: { costs, regexCosts },
  slowness,
} = await measureWithSlowness(() => ({
  costs: sizes.flatMap((hosts) => measureInChild<PublicationCost[]>("publication-costs.ts", [String(hosts)])),
  regexCosts: regexSizes.map((size) => measureInChild<RegexCost>("regex-costs.ts", size.map(String))),
}));

const publicationBars = costs
  .filter(({ hosts }) => hosts === BAR_HOSTS)
  .flatMap((cost) => {
    const label = `${cost.hosts} hosts, ${cost.publication}`;
    if (cost.publication === "first")
      return [
        checkTimeBar(`${label}: CPU`, cost["CPU ms"], MAX_FIRST_CPU_MS, slowness),
        checkBar(`${label}: peak RSS`, cost["peak RSS MB"], MAX_FIRST_RSS_MB, "MB"),
      ];
    if (cost.publication === "one changed Service") return []; // 600 Ingresses change with it
    const cpuBar = checkTimeBar(`${label}: CPU`, cost["CPU ms"], MAX_CHANGE_CPU_MS, slowness);
    if (cost.publication !== "one changed Ingress") return [cpuBar];
    return [
      cpuBar,
      checkBar(`${label}: writes`, cost["KV writes"], MAX_CHANGE_WRITES, "keys"),
      checkBar(`${label}: bytes`, cost["KV kB"], MAX_CHANGE_KB, "kB"),
    ];
  });
const regexBars = regexCosts.flatMap((cost) => [
  checkTimeBar(`${cost.regexes} regexes on ${cost.hosts} hosts: CPU`, cost["CPU ms"], MAX_REGEX_CPU_MS, slowness),
  checkBar(`${cost.regexes} regexes on ${cost.hosts} hosts: refused`, cost["refused regexes"], 0, "regexes"),
]);

const tables = [
  { title: "Publications of Ingresses with one host and three paths each", rows: costs.map((cost) => ({ ...cost })) },
  { title: "Regexes, each another text", rows: regexCosts.map((cost) => ({ ...cost })) },
  describeSpeed(slowness),
];
finishBench(createReport("controller", tables, [...publicationBars, ...regexBars]), flags);
