import { clusterApi } from "./kubernetes/cluster-api.ts";
import { approve, HELD_BACK, readHeldBack } from "./report/held-back.ts";
import { UsageError } from "./usage-error.ts";

export interface ApproveOptions {
  /** Where the sync job runs; the kubeconfig's namespace where it is not said. */
  readonly namespace: string | undefined;
}

/** Shows the round that is held back, or confirms it where its id is given. */
export async function approveCommand(
  id: string | undefined,
  options: ApproveOptions,
  print: (line: string) => void,
): Promise<void> {
  const { api, namespace } = clusterApi(options.namespace);
  const held = await readHeldBack(api, namespace);
  if (!held) {
    if (id !== undefined)
      throw new UsageError(`nothing is held back in namespace ${namespace} (ConfigMap ${HELD_BACK})`);
    print(`nothing is held back in namespace ${namespace}`);
    return;
  }
  if (id === undefined) {
    print(`held back since ${held.since}: ${held.reason}`);
    for (const route of held.routes.split("\n")) print(`  ${route}`);
    print(`edgress approve ${held.id} --namespace ${namespace}`);
    return;
  }
  if (id !== held.id) {
    throw new UsageError(`${id} is not what is held back: that is ${held.id}; look at its list before you confirm it`);
  }
  await approve(api, namespace, id);
  print(`approved ${id}: the sync job publishes it with its next round`);
}
