import type { Pin } from "../../publish/history/pin.ts";
import type { Logger } from "../../report/log.ts";

/** Logs the start and the end of a rollback. */
export function logPin(log: Logger, pin: Pin | undefined, previousPin: Pin | undefined): void {
  if (pin?.generation === previousPin?.generation) return;
  if (pin) log.warn(`pinned ${formatPinFields(pin)}; nothing is published until edgress resume`);
  else log.info(`resumed generation=${previousPin?.generation}`);
}

function formatPinFields({ generation, rollback: { of, by } }: Pin): string {
  return `generation=${generation} rollback=${of} by=${by}`;
}
