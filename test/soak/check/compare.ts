import type { IncomingHttpHeaders } from "node:http";
import { isInShare } from "../../../src/rules/storage/client-share.ts";
import type { SoakHost } from "../world/objects.ts";
import { ECHO_HEADER, type OriginEcho } from "../world/origins.ts";
import type { HostTraces, PublishedGeneration } from "./published.ts";

/** A request of a load. */
export interface SoakRequest {
  readonly load: string;
  readonly host: SoakHost;
  readonly clientIp: string;
  /** Scheme, method and path, for failures. */
  readonly line: string;
  /** Path behind `/app/`, which the origin gets behind the rewritten part. */
  readonly rest: string;
}

/** An answer that was read to its end. */
export interface SoakAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Undefined if no origin may answer. */
  readonly echo: OriginEcho | undefined;
  /** The first difference between the content and its expectation. */
  readonly problem?: string | undefined;
}

/** An answer, and the status that every generation gives it. */
export interface ExpectedAnswer extends SoakAnswer {
  readonly expectedStatus: number;
}

/** The expected and the received part of an answer that is wrong. */
export type Problem = readonly [expected: string, got: string] | undefined;

/** Returns how long ago a generation was replaced when a request began, without the time of faults. */
export function measureDelay(
  { supersededAt }: Pick<PublishedGeneration, "supersededAt">,
  startedAt: number,
  faultTimes: readonly (readonly [from: number, to: number])[],
): number {
  if (supersededAt === undefined) return 0;
  const overlap = faultTimes.reduce(
    (sum, [from, to]) => sum + Math.max(0, Math.min(to, startedAt) - Math.max(from, supersededAt)),
    0,
  );
  return startedAt - supersededAt - overlap;
}

/** Compares an answer with the rules of its generation, on the side that its client belongs to. */
export async function findDifference(
  request: SoakRequest,
  answer: ExpectedAnswer,
  line: { readonly generation: number; readonly candidate?: boolean },
  { sides, candidate }: Pick<PublishedGeneration, "sides" | "candidate">,
): Promise<Problem> {
  const isCandidate = candidate !== undefined && isInShare(request.clientIp, candidate);
  const suffix = ` in generation ${line.generation}`;
  if ((line.candidate ?? false) !== isCandidate)
    return [`candidate ${isCandidate}`, `candidate ${line.candidate ?? false}${suffix}`];
  const { active, candidate: candidateTraces } = await sides;
  const traces = (isCandidate ? candidateTraces : active)?.get(request.host.name);
  if (!traces) return ["rules of the host", `none${suffix}`];
  const problem = findContentProblem(request, answer, traces);
  return problem && [problem[0], problem[1] + suffix];
}

function findContentProblem(request: SoakRequest, answer: ExpectedAnswer, traces: HostTraces): Problem {
  const { status, expectedStatus, headers, problem } = answer;
  if (status !== expectedStatus) return [`status ${expectedStatus}`, `status ${status}`];
  // The headers of a switch of protocols cannot be changed.
  if (status !== 101 && headers["x-rules"] !== traces.header)
    return [`X-Rules: ${traces.header}`, `X-Rules: ${headers["x-rules"]}`];
  const echoProblem = findEchoProblem(request, answer, traces);
  if (echoProblem) return echoProblem;
  return problem === undefined ? undefined : ["complete content", problem];
}

function findEchoProblem(
  { host, rest }: SoakRequest,
  { status, headers, echo }: SoakAnswer,
  traces: HostTraces,
): Problem {
  const hasOrigin = status === 101 || status < 300;
  if (!hasOrigin) return headers[ECHO_HEADER] === undefined ? undefined : ["no answer of an origin", "one"];
  const expected = JSON.stringify({ service: traces.service, host: host.name, path: traces.path + rest });
  const got = JSON.stringify({ service: echo?.service, host: echo?.host, path: echo?.path });
  return got === expected ? undefined : [expected, got];
}
