import type { Command } from "commander";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** Returns a script that completes the commands of a program and their options. */
export function formatCompletion(program: Command, shell: Shell): string {
  switch (shell) {
    case "bash":
      return formatBash(program);
    case "zsh":
      return `autoload -U +X compinit bashcompinit\ncompinit\nbashcompinit\n${formatBash(program)}`;
    case "fish":
      return formatFish(program);
  }
}

function formatBash(program: Command): string {
  const cases = program.commands.map(
    (command) => `      ${command.name()}) words="${listFlags(command).join(" ")}" ;;`,
  );
  return `_edgress() {
  local words="${program.commands.map((command) => command.name()).join(" ")}"
  if [ "$COMP_CWORD" -gt 1 ]; then
    case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _edgress edgress`;
}

function formatFish(program: Command): string {
  const lines = program.commands.flatMap((command) => {
    const name = command.name();
    return [
      `complete -c edgress -n __fish_use_subcommand -a ${name} -d ${quote(command.description())}`,
      ...listFlags(command).map(
        (flag) => `complete -c edgress -n "__fish_seen_subcommand_from ${name}" -l ${flag.slice(2)}`,
      ),
    ];
  });
  return lines.join("\n");
}

function listFlags(command: Command): string[] {
  return [...command.options.flatMap(({ long }) => long ?? []), "--help"];
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "\\'")}'`;
}
