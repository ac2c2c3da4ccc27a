/**
 * The checks of what is no code: decision records, the README, and traces of a machine.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkDecisions } from "./decisions.ts";
import { checkReadme } from "./readme.ts";
import { findingsOf } from "./testing/findings-of.ts";
import { checkTraces } from "./traces.ts";

const body = "\n# One\n\n## Context\n\na\n\n## Decision\n\nb\n\n## Consequences\n\nc\n";

function record(fields: Readonly<Record<string, string>> = {}): string {
  const all = { title: "One", status: "accepted", date: "2026-02-28", ...fields };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\n`);
  return `---\n${lines.join("")}---\n${body}`;
}

async function problems(contents: Readonly<Record<string, string>>): Promise<string[]> {
  return await findingsOf(checkDecisions, contents);
}

test("a complete record passes, and the template is none", async () => {
  assert.deepEqual(
    await problems({ "docs/adr/0001-one.md": record(), "docs/adr/0000-template.md": "" }),
    [],
  );
  const superseded = record({ status: "superseded by 0002" });
  const both = { "docs/adr/0001-one.md": superseded, "docs/adr/0002-two.md": record() };
  assert.deepEqual(await problems(both), []);
});

test("front matter that is wrong is found, field by field", async () => {
  const path = "docs/adr/0001-one.md";
  const wrong: readonly (readonly [text: string, message: string])[] = [
    [body, "does not open with front matter between --- lines"],
    [record({ title: "" }), "front matter lacks a title"],
    [record({ date: "2026-02-30" }), "date is not YYYY-MM-DD"],
    [record({ date: "28 February" }), "date is not YYYY-MM-DD"],
    [record({ status: "done" }), "status is not proposed, accepted, rejected or superseded by N"],
    [record({ status: "superseded by 0009" }), "is superseded by 0009, which does not exist"],
    [record().replace("## Decision", "## Choice"), "lacks ## Decision"],
  ];
  for (const [text, message] of wrong) {
    assert.deepEqual(await problems({ [path]: text }), [`${path}:1 ${message}`]);
  }
});

test("a record's number is its own", async () => {
  assert.deepEqual(await problems({ "docs/adr/1-one.md": record() }), [
    "docs/adr/1-one.md:1 is not named NNNN-title.md",
  ]);
  const contents = { "docs/adr/0001-one.md": record(), "docs/adr/0001-two.md": record() };
  assert.deepEqual(await problems(contents), ["docs/adr/0001-two.md:1 number 0001 is taken"]);
});

test("a README of 150 lines passes, of 151 or none does not", async () => {
  assert.deepEqual(await findingsOf(checkReadme, { "README.md": "a\n".repeat(150) }), []);
  assert.deepEqual(await findingsOf(checkReadme, { "README.md": "a\n".repeat(151) }), [
    "README.md:151 151 lines, at most 150",
  ]);
  assert.deepEqual(await findingsOf(checkReadme, {}), ["README.md:1 is missing"]);
});

/** An absolute path, put together so that this file does not hold one. */
function absolute(...folders: string[]): string {
  return ["", ...folders, ""].join("/");
}

test("paths of a machine and registries' hosts are found in any text", async () => {
  const host = ["registry", "npmjs", "org"].join(".");
  const contents = {
    "a.md": `one\nsee ${absolute("work", "main")}a.ts\n`,
    "b.json": `{"resolved": "https://${host}/ws"}\n`,
    ".ci/run": `cd "${absolute("tmp")}"\n`,
  };
  assert.deepEqual(await findingsOf(checkTraces, contents), [
    `a.md:2 names ${absolute("work")}: a trace of one machine`,
    `b.json:1 names ${host}: a trace of one machine`,
    `.ci/run:1 names ${absolute("tmp")}: a trace of one machine`,
  ]);
});

test("folders of the same name elsewhere in a path are no trace, nor are recorded samples", async () => {
  const path = absolute("work", "main");
  const contents = {
    "a.md": `packages${path}, https://example.com${path}, \${root}${path}, ..${path}\n`,
    "packages/adapters/fixtures/a.json": `"${path}"\n`,
    "a.jsonl": `"${path}"\n`,
  };
  assert.deepEqual(await findingsOf(checkTraces, contents), []);
});
