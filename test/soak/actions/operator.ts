import { runEdgress } from "../../support/cli/edge-cli.ts";
import { waitFor } from "../../support/wait-for.ts";
import type { ActionContext } from "./action.ts";

const ATTEMPTS = 8;
/** A leader that replaces a crashed one waits up to 15 s for the Lease, and 120 s for the generation that it reserved. */
const PUBLICATION_LIMIT_MS = 180_000;

/**
 * Runs a command of an operator until it succeeds. It may fail because the controller has published meanwhile, or because
 * of a fault of the account.
 */
export async function runOperatorCommand(
  { world, log }: Pick<ActionContext, "world" | "log">,
  args: readonly string[],
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const { code, stderr } = await runEdgress(args, world.environment);
    if (code === 0) return;
    log.record(`operator: repeated ${args[0]}`, stderr.trim().split("\n").at(-1));
    if (attempt === ATTEMPTS) throw new Error(`edgress ${args.join(" ")} failed ${ATTEMPTS} times: ${stderr}`);
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
