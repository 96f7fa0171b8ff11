import { type Command, InvalidArgumentError, Option } from "commander";
import {
  DEFAULT_CONTROLLER_NAME,
  DEFAULT_HOST_GRACE_S,
  DEFAULT_WORKER_SCRIPT,
} from "../../controller/managed-hosts.ts";
import { parseSeconds, parseWholeNumber } from "../option-parsers.ts";

/** Adds the options that manage the DNS records and Workers routes of hosts. */
export function addHostOptions(command: Command): Command {
  return command
    .option("--manage-hosts", "create the DNS record and Workers route of each host", false)
    .option("--name <name>", "controller's name in its DNS records", parseControllerName, DEFAULT_CONTROLLER_NAME)
    .option("--worker-script <name>", "name of the Worker in its routes", DEFAULT_WORKER_SCRIPT)
    .option(
      "--host-grace <seconds>",
      "time until a removed host's record is deleted",
      parseSeconds,
      DEFAULT_HOST_GRACE_S,
    )
    .addOption(
      new Option("--host-drift <action>", "action if someone changed a record or route")
        .choices(["repair", "report"])
        .default("repair"),
    )
    .option("--host-wildcards <number>", "hosts of one level that a wildcard replaces", parseLevelSize)
    .option("--ignore-external-dns", "use hosts that external-dns has reserved", false)
    .option("--upload-certificates", "upload certificates of spec.tls and listeners to the zones", false);
}

function parseControllerName(text: string): string {
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text)) return text;
  throw new InvalidArgumentError("must be up to 63 lower-case letters, digits and hyphens");
}

function parseLevelSize(text: string): number {
  const number = parseWholeNumber(text);
  if (number >= 2) return number;
  throw new InvalidArgumentError("must be 2 or more");
}
