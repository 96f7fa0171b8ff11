import type { EdgeAnswer } from "../../edge/edge-client.ts";
import type { AccountFacts } from "../facts.ts";
import { type CheckResult, check } from "./check.ts";

/** Checks an answer of the edge. Without one, names the routes that lead to the Worker. */
export function checkEdge(
  answer: EdgeAnswer | undefined,
  edgeUrl: string | undefined,
  { zones }: Pick<AccountFacts, "zones">,
  script: string,
): CheckResult {
  const report = check("edge");
  if (answer && edgeUrl !== undefined) return judgeAnswer(answer, edgeUrl);
  const routes = (zones.ok ? zones.value : []).flatMap((zone) => (zone.routes.ok ? zone.routes.value : []));
  const ours = routes.filter((route) => route.script === script).map(({ pattern }) => pattern);
  const [route] = ours;
  if (route === undefined)
    return report.skipped(
      "no route leads to the Worker yet. `edgress sync --manage-hosts` adds the route of each host",
    );
  const host = (route.split("/")[0] ?? "").replace(/^\*\.?/, "");
  return report.skipped(`edge was not asked. Set --edge-url=https://${host} (route ${route})`);
}

function judgeAnswer(answer: EdgeAnswer, edgeUrl: string): CheckResult {
  const report = check("edge");
  switch (answer.type) {
    case "serving":
      return answer.rejected === undefined
        ? report.ok(`edge serves generation ${answer.generation}`, edgeUrl)
        : report.error(
            `edge rejected the newest snapshot: ${answer.rejected}`,
            "Run `edgress check` for the keys",
            edgeUrl,
          );
    case "no-snapshot":
      return report.ok(`edge answers; nothing is published yet (${answer.reason})`, edgeUrl);
    case "unavailable":
      return report.error(
        `edge does not answer as edgress: ${answer.problem}`,
        "Add a proxied DNS record and a Worker route for the host, or use --manage-hosts",
        edgeUrl,
      );
  }
}
