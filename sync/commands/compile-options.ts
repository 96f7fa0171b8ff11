import type { Command } from "commander";
import { parseNames } from "./option-parsers.ts";

export const ZONE_HELP = "zone of the account; every domain if not set";
export const PERMITS_HELP = "permits file: allowed hosts, paths and origins per namespace";

/** Adds the options that affect the rules of every command. */
export function addCompileOptions(command: Command): Command {
  return command
    .option("--exclusive-hosts", "give each host to the namespace of its oldest Ingress", false)
    .option(
      "--allowed-response-headers <names>",
      "headers that custom-headers may set, comma-separated",
      parseNames,
      [],
    );
}
