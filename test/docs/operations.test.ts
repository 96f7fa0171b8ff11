import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import * as z from "zod";
import { diagnosticReasons } from "../../sync/compile/diagnostic-reasons.ts";
import { fencesIn, headingsIn, readText } from "../support/docs/markdown.ts";

const Rules = z.object({
  spec: z.object({ groups: z.array(z.object({ rules: z.array(z.object({ alert: z.string() })) })) }),
});

const document = { path: "docs/operations.md", text: readText("docs/operations.md") };
const alerts = Rules.parse(parse(readText("deploy/monitoring/rules.yaml"))).spec.groups.flatMap(({ rules }) =>
  rules.map(({ alert }) => alert),
);

test("the runbook has one heading per alert, in the order of rules.yaml", () => {
  assert.deepEqual(headingsBelow("Alerts"), alerts);
});

test("the runbook has one heading per diagnostic reason, in the order of the code", () => {
  assert.deepEqual(headingsBelow("Diagnostic reasons"), Object.keys(diagnosticReasons));
});

for (const name of [...alerts, ...Object.keys(diagnosticReasons)]) {
  test(`the runbook's section ${name} has a symptom, a cause, a remedy and a command`, () => {
    const section = sectionOf(name);
    for (const part of ["**Symptom:** ", "**Cause:** ", "**What to do:** "]) assert.ok(section.includes(part), part);
    const commands = fencesIn({ path: `${document.path} ${name}`, text: section });
    assert.ok(commands.some(({ language, text }) => language === "sh" && text.trim() !== ""));
  });
}

function headingsBelow(parent: string): string[] {
  const headings = headingsIn(document);
  const start = headings.findIndex(({ title }) => title === parent);
  const following = headings.slice(start + 1);
  const end = following.findIndex(({ level }) => level <= 2);
  return following.slice(0, end === -1 ? undefined : end).map(({ title }) => title);
}

function sectionOf(title: string): string {
  const [, section = ""] = document.text.split(`\n### ${title}\n`);
  return section.split(/\n#{1,3} /)[0] ?? "";
}
