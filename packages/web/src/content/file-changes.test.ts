/** Edits of every agent as changes of files (WEB24). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { changeCounts, commandText, type FileChange, fileChanges } from "./file-changes.ts";

const signs = { added: "+", removed: "-", same: " ", gap: "@" };
/** `action path` and the change's lines with their signs. */
const told = (changes: readonly FileChange[] | null) =>
  changes?.map(({ action, path, movedTo, lines }) => [
    `${action} ${path}${movedTo === null ? "" : ` > ${movedTo}`}`,
    ...lines.map((line) => signs[line.kind] + line.text),
  ]);

const patch = [
  "*** Begin Patch",
  "*** Add File: a.txt",
  "+one",
  "*** Update File: b.txt",
  "*** Move to: c.txt",
  "@@",
  " same",
  "-old",
  "+new",
  "@@ function f()",
  "-x",
  "*** Delete File: d.txt",
  "*** End Patch",
].join("\n");
const patched = [
  ["add a.txt", "+one"],
  ["update b.txt > c.txt", " same", "-old", "+new", "@function f()", "-x"],
  ["delete d.txt"],
];

test("WEB24 Codex patches, alone, as a field and in a command", () => {
  assert.deepEqual(told(fileChanges(patch)), patched);
  assert.deepEqual(told(fileChanges({ patch })), patched);
  assert.deepEqual(told(fileChanges({ input: patch })), patched);
  assert.deepEqual(told(fileChanges({ command: ["apply_patch", patch] })), patched);
  const script = `cd /x && apply_patch <<'EOF'\n${patch}\nEOF`;
  assert.deepEqual(told(fileChanges({ command: ["bash", "-lc", script] })), patched);
  assert.deepEqual(told(fileChanges(patch.replaceAll("\n", "\r\n"))), patched);
  const open = "*** Begin Patch\n*** Add File: a\n+x\n+y";
  assert.deepEqual(told(fileChanges(open)), [["add a", "+x", "+y"]]);
});

test("WEB24 unified diffs", () => {
  const diff = "--- a/x.ts\n+++ b/x.ts\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n";
  assert.deepEqual(told(fileChanges({ diff })), [["update x.ts", "@1", " a", "-b", "+c"]]);
  const added = "--- /dev/null\n+++ b/y\n@@ -0,0 +1 @@\n+c\n\\ No newline at end of file\n";
  assert.deepEqual(told(fileChanges(added)), [["add y", "@1", "+c"]]);
  const changes = { "z.ts": { type: "update", unified_diff: "@@ -1 +1 @@\n-b\n+c\n" } };
  assert.deepEqual(told(fileChanges({ changes })), [["update z.ts", "@1", "-b", "+c"]]);
  const listed = { changes: [{ path: "a", kind: "add" }] };
  assert.deepEqual(told(fileChanges(listed)), [["add a"]]);
});

test("WEB24 edits in the words of every agent", () => {
  const expected = [["update a.ts", " x", "-y", "+z"]];
  const edit = { old_string: "x\ny\n", new_string: "x\nz\n" };
  assert.deepEqual(told(fileChanges({ file_path: "a.ts", ...edit })), expected);
  const camel = { oldString: "x\ny\n", newString: "x\nz\n" };
  assert.deepEqual(told(fileChanges({ filePath: "a.ts", ...camel })), expected);
  const pi = { oldText: "x\ny\n", newText: "x\nz\n" };
  assert.deepEqual(told(fileChanges({ path: "a.ts", ...pi })), expected);
  const several = { file_path: "a.ts", edits: [edit, { old_string: "p", new_string: "q" }] };
  assert.deepEqual(told(fileChanges(several)), [
    ["update a.ts", " x", "-y", "+z", "@", "-p", "+q"],
  ]);
  const written = { file_path: "a.ts", content: "p\r\nq\r\n" };
  assert.deepEqual(told(fileChanges(written)), [["add a.ts", "+p", "+q"]]);
  assert.deepEqual(changeCounts(fileChanges(several) ?? []), { added: 2, removed: 2 });
});

test("WEB24 two large texts without anything in common are given up in time", () => {
  const text = (word: string) => Array.from({ length: 6_000 }, (_, i) => `${word}${i}`).join("\n");
  const edit = { file_path: "a", old_string: text("a"), new_string: text("b") };
  assert.deepEqual(changeCounts(fileChanges(edit) ?? []), { added: 6_000, removed: 6_000 });
});

test("WEB24 what is no change is none", () => {
  const others = [
    null,
    7,
    [],
    "text",
    "@@ -1 +1 @@\ngarbage",
    "*** Begin Patch\n*** End Patch",
    { path: "a" },
    { file_path: "a", edits: [] },
    { file_path: "a", edits: [7] },
    { command: "ls" },
    { command: "echo '*** Begin Patch'" },
    { changes: {} },
    { changes: "x" },
    JSON.parse('{"__proto__":{"file_path":"a","content":"b"}}'),
  ];
  for (const input of others) assert.equal(told(fileChanges(input))?.flat().join("|"), undefined);
});

test("WEB23 a command is its words, or what its shell is told", () => {
  assert.equal(commandText({ command: "ls -l" }), "ls -l");
  assert.equal(commandText({ cmd: "ls" }), "ls");
  assert.equal(commandText({ command: ["/bin/bash", "-lc", "ls | wc"] }), "ls | wc");
  assert.equal(commandText({ command: ["git", "status"] }), "git status");
  for (const none of [{}, { command: 7 }, { command: [] }, { command: "" }])
    assert.equal(commandText(none), null);
});
