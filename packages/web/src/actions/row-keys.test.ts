/** Which keys act on a row's thread, and what they do (WEB30). */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Thread } from "@spool/protocol/resources";
import type { KeyboardEvent } from "react";
import type { ActionDialog } from "./actions.ts";
import { rowKeys } from "./row-keys.ts";

const thread = { id: "thr_a", archived: false } as Thread;

/** What a key comes to: whether it was handled, and what was done. */
function press(key: string, more: Partial<KeyboardEvent> = {}, archived = false) {
  const done: string[] = [];
  const actions = {
    ask: (dialog: ActionDialog | null) => done.push(`${dialog?.kind} ${dialog?.thread.id}`),
    setArchived: async ({ id }: Thread, to: boolean) => {
      done.push(`archive ${id} ${to}`);
    },
  };
  const plain = { altKey: false, ctrlKey: false, metaKey: false, shiftKey: false };
  const event = { key, ...plain, nativeEvent: {}, ...more } as KeyboardEvent;
  return [rowKeys(event, { ...thread, archived }, actions), ...done];
}

test("WEB30 F2 renames, e archives and takes out again, Delete asks", () => {
  assert.deepEqual(press("F2"), [true, "rename thr_a"]);
  assert.deepEqual(press("Delete"), [true, "delete thr_a"]);
  assert.deepEqual(press("e"), [true, "archive thr_a true"]);
  assert.deepEqual(press("e", {}, true), [true, "archive thr_a false"]);
});

test("WEB30 other keys, and those with modifiers, are somebody else's; a held one acts once", () => {
  for (const key of ["E", "Enter", "ArrowDown", "Backspace", "F1", " "]) {
    assert.deepEqual(press(key), [false], key);
  }
  for (const modifier of ["altKey", "ctrlKey", "metaKey", "shiftKey"]) {
    for (const key of ["F2", "e", "Delete"]) {
      assert.deepEqual(press(key, { [modifier]: true }), [false], modifier);
    }
  }
  assert.deepEqual(press("e", { nativeEvent: { repeat: true } as never }), [true]);
});
