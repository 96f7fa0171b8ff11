import type { StagedPublication } from "../../publish/rollout/publish-in-stages.ts";
import type { Logger } from "../../report/log.ts";

/** Logs each step of a roll-out. While it waits, it logs why. */
export function logRollout(
  log: Logger,
  { rollout, promotion, publishResult: { generation } }: StagedPublication,
): void {
  if (promotion !== undefined) log.info(`promoted candidate generation=${generation}: ${promotion}`);
  if (!rollout) return;
  const { type, share, isNews, reason } = rollout;
  if (type === "aborted") {
    if (isNews) log.error(`aborted candidate generation=${generation}: ${reason}; the former rules are served`);
    return;
  }
  const line = `generation=${generation} share=${share}: ${reason}`;
  if (isNews) log.info(`staged candidate ${line}`);
  else log.info(`kept candidate ${line}`);
}
