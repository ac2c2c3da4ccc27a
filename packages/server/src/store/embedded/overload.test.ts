/**
 * More than the disk takes: who would wait behind too many bytes, or waits too long, is answered
 * OVERLOADED, in the order that keeps each thread's commits right (LOG21).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DomainError } from "@spool/protocol/errors";
import { assertStored } from "../../testing/assert-stored.ts";
import { EmbeddedFixture } from "../../testing/embedded-fixture.ts";
import { eventually, settled } from "../../testing/eventually.ts";
import { created, message, type ThreadScript } from "../../testing/thread-script.ts";
import type { EmbeddedStore } from "./embedded-store.ts";

const journal = /journal/;

/** Which way a commit was answered. */
async function outcome(store: EmbeddedStore, thread: ThreadScript, content: string) {
  const steps = thread.version === 0 ? [created(), message(content)] : [message(content)];
  try {
    return await store.commit(thread.commit(...steps));
  } catch (error) {
    assert.ok(error instanceof DomainError);
    assert.ok((error.retryAfterSeconds ?? 0) > 0, "it says when to come back");
    return error.code;
  }
}

test("LOG21 beyond the bytes that may wait, appends are OVERLOADED until it clears", async (t) => {
  const fixture = new EmbeddedFixture(t, { limits: { waitingBytesMax: 3_000 } });
  const store = await fixture.open();
  const threads = Array.from({ length: 8 }, (_, at) => fixture.script(`${at}`));
  const release = fixture.files.hold("sync", journal);
  const answers = [outcome(store, fixture.script("first"), "under way")];
  await settled();
  for (const thread of threads) answers.push(outcome(store, thread, "x".repeat(1_000)));
  await settled();
  release();
  const codes = await Promise.all(answers);
  assert.equal(codes.filter((code) => code === "committed").length, 4);
  assert.equal(codes.filter((code) => code === "OVERLOADED").length, 5);
  assert.ok(codes.indexOf("OVERLOADED") === 4, "first come, first served");
  for (const [at, thread] of threads.entries()) {
    if (codes[at + 1] === "OVERLOADED") thread.rewind(0);
    await assertStored(store, thread.key, thread.expected());
    assert.equal(await outcome(store, thread, "now"), "committed");
  }
  await store.close();
});

test("LOG21 who waits too long is answered, with those decided on it; the rest go on", async (t) => {
  const fixture = new EmbeddedFixture(t, { limits: { waitingMsMax: 20 } });
  const store = await fixture.open();
  const [late, timely] = [fixture.script("late"), fixture.script("timely")];
  const release = fixture.files.hold("sync", journal);
  const first = outcome(store, fixture.script("first"), "under way");
  await settled();
  const tooLate = [outcome(store, late, "1")];
  fixture.clock.advance(15);
  tooLate.push(outcome(store, late, "2: of its thread"));
  const goesOn = outcome(store, timely, "in time");
  fixture.clock.advance(6);
  assert.equal(await outcome(store, fixture.script("new"), "x"), "OVERLOADED", "at the door");
  assert.deepEqual(await Promise.all(tooLate), ["OVERLOADED", "OVERLOADED"]);
  late.rewind(0);
  release();
  assert.deepEqual(await Promise.all([first, goesOn]), ["committed", "committed"]);
  assert.equal(await outcome(store, late, "again"), "committed");
  for (const thread of [late, timely]) await assertStored(store, thread.key, thread.expected());
  await store.close();
});

test("LOG21 a commit decided on one under way outlives those dropped between", async (t) => {
  const fixture = new EmbeddedFixture(t, { limits: { waitingMsMax: 20 } });
  const store = await fixture.open();
  const thread = fixture.script("a");
  const release = fixture.files.hold("sync", journal);
  const first = outcome(store, thread, "under way");
  await settled();
  const second = outcome(store, thread, "dropped");
  fixture.clock.advance(21);
  assert.equal(await second, "OVERLOADED");
  thread.rewind(1);
  const third = outcome(store, thread, "decided on the first");
  const stale = fixture.script("a").commit(created());
  const lost = store.commit(stale);
  release();
  assert.deepEqual(await Promise.all([first, third]), ["committed", "committed"]);
  assert.equal(await lost, "conflict");
  await assertStored(store, thread.key, thread.expected());
  await store.close();
});

test("LOG21 sealed segments that cannot become files stop the appends, not the answers", async (t) => {
  const limits = { sealedSegmentsMax: 1, waitingMsMax: 20, segmentBytes: 1_000 };
  const fixture = new EmbeddedFixture(t, { limits });
  const store = await fixture.open();
  const thread = fixture.script("a");
  fixture.files.fail({ kind: "sync", path: /threads/, code: "EIO" });
  let code = "committed";
  for (let at = 0; at < 20 && code === "committed"; at += 1) {
    const answer = outcome(store, thread, "x".repeat(600));
    await settled();
    fixture.clock.advance(21);
    code = await answer;
  }
  assert.equal(code, "OVERLOADED");
  thread.rewind(thread.version - 1);
  fixture.files.heal();
  await eventually("it goes on", async () => {
    const answer = outcome(store, thread, "y");
    await settled();
    fixture.clock.advance(21);
    if ((await answer) === "committed") return true;
    thread.rewind(thread.version - 1);
    return false;
  });
  await assertStored(store, thread.key, thread.expected());
  await store.close();
});

test("LOG21 a store whose checkpoint is stuck can still be closed, and keeps all", async (t) => {
  const limits = { sealedSegmentsMax: 1, segmentBytes: 1_000, retryMs: 5 };
  const fixture = new EmbeddedFixture(t, { limits });
  let store = await fixture.open();
  const thread = fixture.script("a");
  fixture.files.fail({ kind: "write", path: /threads/, code: "ENOSPC" });
  const answers = Array.from({ length: 12 }, async (_, at) => {
    const answer = outcome(store, thread, `${at} ${"x".repeat(600)}`);
    if (at % 2 === 0) await settled();
    return answer;
  });
  await settled();
  await store.close();
  const codes = await Promise.all(answers);
  assert.deepEqual(new Set(codes), new Set(["committed"]), "what was accepted is flushed");
  assert.match(fixture.logs.join("\n"), /last checkpoint was not finished/);
  store = await fixture.open();
  await assertStored(store, thread.key, thread.expected());
  await store.close();
});
