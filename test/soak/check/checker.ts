import {
  type ExpectedAnswer,
  findDifference,
  measureDelay,
  type Problem,
  type SoakAnswer,
  type SoakRequest,
} from "./compare.ts";
import type { Ledger } from "./ledger.ts";
import type { Published } from "./published.ts";

/** A request in progress. One of its methods must be called once. */
export interface Ticket {
  readonly id: string;
  answered(answer: SoakAnswer, expectedStatus: number): void;
  missing(reason: string): void;
}

export interface Checker {
  begin(request: SoakRequest): Ticket;
  /** Reads a line of the Worker's log. */
  readLine(line: string, isolate: string): void;
  /** Adds time (ms) in which edges could not read newer rules. */
  addFaultTime(from: number, to: number): void;
  /** Resolves when all requests that have begun until now have ended. */
  untilEnded(): Promise<void>;
  /** Number of answers without their access line. */
  readonly waitingForLine: number;
  /** Makes each answer that has no access line a failure. */
  failWithoutLine(): void;
}

interface PendingRequest {
  readonly request: SoakRequest;
  readonly startedAt: number;
  /** The newest generation that each isolate had served when the request began. */
  readonly floors: ReadonlyMap<string, number>;
  readonly ended: PromiseWithResolvers<void>;
  answer?: ExpectedAnswer & { readonly ms: number };
  line?: AccessLine;
}

interface AccessLine {
  readonly requestId: string;
  readonly generation: number;
  readonly candidate?: boolean;
  readonly isolate: string;
}

/** Edges check for newer rules every 0.5 s here. The limit leaves time for a busy machine. */
export const PROPAGATION_LIMIT_MS = 20_000;

export function createChecker(published: Published, ledger: Ledger): Checker {
  const pending = new Map<string, PendingRequest>();
  const newest = new Map<string, number>();
  const faultTimes: (readonly [from: number, to: number])[] = [];
  let sequence = 0;

  const fail = (
    { request, startedAt }: PendingRequest,
    verdict: "wrong" | "missing",
    expected: string,
    got: string,
  ) => {
    const { load, host, line, clientIp } = request;
    ledger.addFailure({
      at: startedAt,
      verdict,
      load,
      request: `${line} of ${host.name} as ${clientIp}`,
      expected,
      got,
    });
  };
  const judgeIfComplete = (id: string, entry: PendingRequest) => {
    const { answer, line, request } = entry;
    if (!answer || !line) return;
    pending.delete(id);
    newest.set(line.isolate, Math.max(newest.get(line.isolate) ?? 0, line.generation));
    findProblem(entry, answer, line).then(
      (problem) => (problem ? fail(entry, "wrong", ...problem) : ledger.addOk(request.load, answer.ms)),
      (error) => fail(entry, "wrong", "readable rules", String(error)),
    );
  };
  const findProblem = async (entry: PendingRequest, answer: ExpectedAnswer, line: AccessLine): Promise<Problem> => {
    const generation = published.get(line.generation);
    if (!generation) return ["a published generation", `generation ${line.generation}`];
    const floor = entry.floors.get(line.isolate) ?? 0;
    if (line.generation < floor) return [`generation ${floor} or later`, `generation ${line.generation}`];
    const lateMs = measureDelay(generation, entry.startedAt, faultTimes);
    if (lateMs > PROPAGATION_LIMIT_MS)
      return ["a current generation", `generation ${line.generation}, ${lateMs} ms late`];
    return await findDifference(entry.request, answer, line, generation);
  };

  return {
    begin(request) {
      const id = `soak-${++sequence}`;
      const startedAt = Date.now();
      const entry: PendingRequest = { request, startedAt, floors: new Map(newest), ended: Promise.withResolvers() };
      pending.set(id, entry);
      return {
        id,
        answered(answer, expectedStatus) {
          entry.ended.resolve();
          if (answer.status >= 500) {
            pending.delete(id);
            fail(
              entry,
              "missing",
              `status ${expectedStatus}`,
              `status ${answer.status} ${answer.problem ?? ""}`.trim(),
            );
            return;
          }
          entry.answer = { ...answer, expectedStatus, ms: Date.now() - startedAt };
          judgeIfComplete(id, entry);
        },
        missing(reason) {
          entry.ended.resolve();
          pending.delete(id);
          fail(entry, "missing", "an answer", reason);
        },
      };
    },
    readLine(text, isolate) {
      if (!text.includes('"requestId":"soak-')) return;
      const line = JSON.parse(text) as AccessLine;
      const entry = pending.get(line.requestId);
      if (!entry) return; // a second attempt of the front end, or a request that failed
      entry.line = { ...line, isolate };
      judgeIfComplete(line.requestId, entry);
    },
    addFaultTime: (from, to) => void faultTimes.push([from, to]),
    untilEnded: async () => void (await Promise.all([...pending.values()].map(({ ended }) => ended.promise))),
    get waitingForLine() {
      return [...pending.values()].filter(({ answer }) => answer !== undefined).length;
    },
    failWithoutLine() {
      for (const [id, entry] of pending) {
        pending.delete(id);
        fail(entry, "wrong", "an access line", "none");
      }
    },
  };
}
