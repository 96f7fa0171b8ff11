import type { Cluster } from "../../collect/cluster-model.ts";
import type { Report } from "../diagnostics.ts";

/** Reports the objects that do not match their schema. */
export function reportInvalidObjects({ invalidObjects }: Pick<Cluster, "invalidObjects">, report: Report): void {
  for (const { kind, namespace, name, source, field, problem } of invalidObjects) {
    const subject = { object: `${kind} ${namespace}/${name}`, source, field };
    report("InvalidObject", subject, problem, "correct the object; until then it is dropped");
  }
}
