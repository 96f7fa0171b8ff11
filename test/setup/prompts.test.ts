import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { openPrompts } from "../../sync/commands/account/prompts.ts";

/** A terminal on which someone types the lines. */
function openTyped(...lines: readonly string[]) {
  const input = Object.assign(new PassThrough(), { isTTY: true }) as unknown as NodeJS.ReadStream;
  const output = Object.assign(new PassThrough(), { isTTY: true }) as unknown as NodeJS.WriteStream;
  const prompts = openPrompts({ input, output });
  assert.ok(prompts);
  const typeLine = () => input.push(`${lines[typed++]}\n`);
  let typed = 0;
  return { prompts, typeLine, output };
}

test("There are no prompts without a terminal", () => {
  const stream = new PassThrough() as unknown as NodeJS.ReadStream & NodeJS.WriteStream;
  assert.equal(openPrompts({ input: stream, output: stream }), undefined);
});

test("An empty answer is the default", async () => {
  const { prompts, typeLine } = openTyped("", "shop");
  const first = prompts.ask("Name", "edgress");
  typeLine();
  assert.equal(await first, "edgress");
  const second = prompts.ask("Name", "edgress");
  typeLine();
  assert.equal(await second, "shop");
});

test("Only y and yes confirm", async () => {
  const { prompts, typeLine } = openTyped("y", "Yes", "", "no", "yesterday");
  const answers: boolean[] = [];
  for (let index = 0; index < 5; index++) {
    const answer = prompts.confirm("Go on?");
    typeLine();
    answers.push(await answer);
  }
  assert.deepEqual(answers, [true, true, false, false, false]);
});

test("A secret answer is not shown", async () => {
  const { prompts, typeLine, output } = openTyped("hidden-token");
  const answer = prompts.askSecret("API token (hidden)");
  typeLine();
  assert.equal(await answer, "hidden-token");
  output.end();
  assert.equal(await text(output as unknown as PassThrough), "API token (hidden): \n");
});
