import { type Command, Option } from "commander";
import type { SourceController } from "../../lint/input/class-selection.ts";
import { toPrintableText } from "../../runtime/printable-text.ts";

const CONTROLLERS: readonly SourceController[] = ["ingress-nginx", "edgress"];

const EXIT_CODES = `
Exit codes:
  0  every Ingress is converted
  1  an Ingress is not converted; standard error has the reason
  2  invalid option, or path that is not readable`;

/** Adds the command `convert`. */
export function addConvert(program: Command): void {
  program
    .command("convert")
    .description("Print Ingresses as Gateway API objects")
    .argument("[paths...]", "folders and files of manifests; - for standard input")
    .addOption(
      new Option("--from <controller>", "convert the Ingresses of this controller")
        .choices(CONTROLLERS)
        .default("ingress-nginx"),
    )
    .option("--ingress-class <name>", "convert the Ingresses of this class instead")
    .option("--gateway <name>", "Gateway of the routes: namespace/name", "edgress/edgress")
    .addHelpText("after", EXIT_CODES)
    .action(async (paths, options) => {
      const { runConvert } = await import("./convert.ts");
      const { manifests, problems, exitCode } = await runConvert(paths, options);
      process.stdout.write(manifests);
      for (const problem of problems) console.error(toPrintableText(problem));
      process.exitCode = exitCode;
    });
}
