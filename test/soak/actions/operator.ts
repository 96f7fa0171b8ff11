import { errorMessage } from "../../../src/rules/error-message.ts";
import { waitFor } from "../../support/wait-for.ts";
import type { ActionContext } from "./action.ts";

const ATTEMPTS = 8;
/** A leader that replaces a crashed one waits up to 15 s for the Lease, and 120 s for the generation that it reserved. */
const PUBLICATION_LIMIT_MS = 180_000;

/**
 * Runs a command of an operator until it succeeds, in this process. It may fail because the controller has published
 * meanwhile, or because of a fault of the account.
 */
export async function runOperatorCommand(
  { log }: Pick<ActionContext, "log">,
  name: string,
  command: () => Promise<unknown>,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await command();
      return;
    } catch (error) {
      log.record(`operator: repeated ${name}`, errorMessage(error));
      if (attempt === ATTEMPTS) throw new Error(`edgress ${name} failed ${ATTEMPTS} times`, { cause: error });
    }
  }
}

/** Resolves when the published rules are those of the cluster, for every client. */
export async function untilPublished({ world, cluster }: Pick<ActionContext, "world" | "cluster">): Promise<void> {
  const isPublished = async () => {
    const latest = world.published.latest();
    return (
      latest?.candidate === undefined && latest && cluster.findDifference((await latest.sides).active) === undefined
    );
  };
  await waitFor(isPublished, PUBLICATION_LIMIT_MS, 20);
}
