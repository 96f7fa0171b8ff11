import { CLI, commandsIn } from "./commands.ts";
import { fencesIn, readText } from "./markdown.ts";

const PATH = "docs/migrate-from-ingress-nginx.md";

/** Returns the text of a section of the migration guide, with its subsections. */
function readSection(title: string): string {
  const text = readText(PATH);
  const [marks = ""] = new RegExp(`^#+(?= ${title}$)`, "m").exec(text) ?? [];
  const [, section] = text.split(`\n${marks} ${title}\n`);
  if (marks === "" || section === undefined) throw new Error(`${PATH}: no section ${title}`);
  return section.split(new RegExp(`\n#{1,${marks.length}} `))[0] ?? "";
}

/** Returns the commands of a section, with this repository's `edgress`. */
export function listGuideCommands(title: string): string[] {
  return listBlocks(title, "sh")
    .flatMap(commandsIn)
    .map((command) => command.replace(/\bnpx edgress\b/g, `'${process.execPath}' '${CLI}'`));
}

/** Returns the fenced blocks of a section in a language. */
export function listBlocks(title: string, language: string): string[] {
  return fencesIn({ path: PATH, text: readSection(title) })
    .filter((fence) => fence.language === language)
    .map(({ text }) => text);
}
