/** A session's title and metadata on the server, and what a person changed there. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ThreadHeader } from "@spool/adapters/frame";
import type { Thread } from "@spool/protocol/resources";
import { publishedPart, threadChanges, threadCreation } from "./thread-fields.ts";

const header: ThreadHeader = {
  threadId: "thr_a",
  agentId: "codex",
  executionMode: "local",
  title: "A  session\nof mine",
  metadata: { cwd: "/home", git: { branch: "main" } },
};

function thread(fields: Partial<Thread>): Thread {
  return { id: "thr_a", title: null, titleSource: null, metadata: {}, ...fields } as Thread;
}

/** The thread as it is right after it was made. */
function made(): Thread {
  const { title, metadata } = threadCreation(header, "everything");
  return thread({ title: title ?? null, titleSource: "user", metadata: metadata ?? {} });
}

test("THR3 a title is one line of at most 200 characters; none stays none", () => {
  assert.equal(threadCreation(header, "everything").title, "A session of mine");
  const long = threadCreation({ ...header, title: "😀".repeat(300) }, "everything").title;
  assert.equal([...(long ?? "")].length, 200);
  assert.equal("title" in threadCreation({ ...header, title: " \n" }, "everything"), false);
});

test("REST8 metadata that is too large loses its largest fields", () => {
  const metadata = { small: 1, large: "x".repeat(20_000) };
  const kept = threadCreation({ ...header, metadata }, "everything").metadata;
  assert.deepEqual(Object.keys(kept ?? {}), ["small", "spool"]);
});

test("a thread that is as the file says is left alone, whatever the order of its fields", () => {
  assert.equal(threadChanges(made(), header, "everything"), null);
  const { cwd, ...rest } = made().metadata;
  const turned = { ...made(), metadata: { ...rest, cwd } };
  assert.equal(threadChanges(turned, header, "everything"), null);
});

test("a new title of the file replaces its old one and one made from a message", () => {
  const renamed = { ...header, title: "Later" };
  assert.equal(threadChanges(made(), renamed, "everything")?.title, "Later");
  const fromMessage = thread({ title: "hello", titleSource: "message" });
  assert.equal(threadChanges(fromMessage, renamed, "everything")?.title, "Later");
});

test("a title and metadata that a person set stay", () => {
  const { metadata } = made();
  const mine = { ...made(), title: "Mine", metadata: { ...metadata, note: "keep" } };
  const changes = threadChanges(mine, { ...header, title: "Later" }, "everything");
  assert.equal(changes?.title, undefined);
  assert.equal(changes?.metadata?.note, "keep");
});

test("which part was published is remembered", () => {
  assert.equal(publishedPart(made()), "everything");
  assert.equal(publishedPart(thread({ metadata: { spool: { published: "?" } } })), null);
  assert.equal(publishedPart(thread({})), null);
});
