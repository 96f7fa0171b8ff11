import type { HostRules, UnhealthyRecords } from "../../src/rules/snapshot.ts";
import { createConcurrencyLimit } from "../runtime/concurrency-limit.ts";
import { type CheckTarget, checkAddress } from "./check-address.ts";
import { addResult, type CheckState, createCheckState } from "./check-state.ts";
import { groupUnhealthy } from "./group-unhealthy.ts";
import { type HealthCheck, listHealthChecks } from "./list-checks.ts";
import { createPublicationInterval, type PublicationInterval } from "./publication-interval.ts";
import { startTimer } from "./timer.ts";

const MAX_CONCURRENT_CHECKS = 50;
/** Publications of health are at least this far apart. Each writes 2 keys. */
export const PUBLISH_INTERVAL_S = 30;
/** Intervals differ by up to this share, so that checks spread. */
const JITTER = 0.1;

/** The active health checks of a controller. */
export interface HealthChecks {
  /** Sets the checks to those of published hosts. An address that was never checked has its published state. */
  update(hosts: readonly HostRules[], published: UnhealthyRecords | undefined): void;
  /** Ends all checks, because another replica is the leader. */
  stop(): void;
  /** Returns the addresses to avoid, by backend; undefined without any. */
  readUnhealthy(): UnhealthyRecords | undefined;
  /** Returns the checked addresses. */
  list(): readonly CheckedAddress[];
  readonly publications: PublicationInterval;
}

export interface CheckedAddress extends HealthCheck, CheckState {}

export interface HealthCheckOptions {
  /** Called after an address became healthy or unhealthy, when a publication is due. */
  readonly onChange: () => void;
  readonly onTransition: (address: CheckedAddress) => void;
  /** Ends everything. */
  readonly signal: AbortSignal;
  /** Returns the socket address of a check; its own address and port by default. */
  readonly findTarget?: ((check: HealthCheck) => CheckTarget) | undefined;
  /** Length of a second, for tests. */
  readonly secondMs?: number | undefined;
}

interface RunningCheck {
  check: HealthCheck;
  state: CheckState;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** Creates health checks. Nothing is checked before the first update. */
export function createHealthChecks({
  onChange,
  onTransition,
  signal,
  findTarget = ({ address, port }) => ({ host: address, port }),
  secondMs = 1000,
}: HealthCheckOptions): HealthChecks {
  const running = new Map<string, RunningCheck>();
  const limit = createConcurrencyLimit(MAX_CONCURRENT_CHECKS);
  const publications = createPublicationInterval(PUBLISH_INTERVAL_S * secondMs, onChange);
  const schedule = (key: string, entry: RunningCheck, ms: number) => {
    if (!signal.aborted) entry.timer = startTimer(ms, () => void run(key, entry));
  };
  const run = async (key: string, entry: RunningCheck) => {
    const { settings } = entry.check;
    const timeoutMs = Math.min(settings.timeoutS, settings.intervalS) * secondMs;
    const result = await limit(() => checkAddress(entry.check, findTarget(entry.check), timeoutMs, signal));
    if (running.get(key) !== entry || signal.aborted) return;
    const { isHealthy } = entry.state;
    entry.state = addResult(entry.state, result, settings, Date.now());
    if (entry.state.isHealthy !== isHealthy) {
      onTransition({ ...entry.check, ...entry.state });
      publications.request();
    }
    schedule(key, entry, settings.intervalS * secondMs * (1 - JITTER + 2 * JITTER * Math.random()));
  };
  const list = () => [...running.values()].map(({ check, state }) => ({ ...check, ...state }));
  const remove = (key: string) => {
    clearTimeout(running.get(key)?.timer);
    running.delete(key);
  };
  return {
    publications,
    update(hosts, published) {
      const checks = new Map(listHealthChecks(hosts).map((check) => [`${check.backend} ${check.record}`, check]));
      for (const key of [...running.keys()]) if (!checks.has(key)) remove(key);
      for (const [key, check] of checks) {
        const present = running.get(key);
        if (present) present.check = check;
        else {
          const isHealthy = !published?.[check.backend]?.includes(check.record);
          const entry = { check, state: createCheckState(isHealthy), timer: undefined };
          running.set(key, entry);
          schedule(key, entry, check.settings.intervalS * secondMs * Math.random());
        }
      }
    },
    stop() {
      for (const key of [...running.keys()]) remove(key);
    },
    readUnhealthy: () => groupUnhealthy(list()),
    list,
  };
}
