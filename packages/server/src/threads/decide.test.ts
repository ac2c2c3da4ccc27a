/**
 * Proves what may happen to a thread besides publishing: creation, title, archive, metadata,
 * deletion, cancel, and who may do each. Tables of given / when / gives or refuses.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  admin,
  alice,
  as,
  at,
  bob,
  cancel,
  complete,
  create,
  given,
  key,
  outsider,
  publish,
  remove,
  type Step,
  start,
  startTime,
  update,
} from "./decide-specification.ts";

const message = (content: unknown) => ({ type: "user_message", payload: { content } });
const say = (content: unknown) => publish(null, [message(content)]);
const abandon: Step = { command: { kind: "abandon_compaction" }, by: alice, at: null };
const compacting = publish("run_1", [
  { type: "run_started", payload: {} },
  { type: "compaction_started", payload: {} },
]);

test("REST3 THR8 a thread is created empty, with what the request names", () => {
  const body = {
    title: "T",
    agentId: "a",
    executionMode: "managed",
    metadata: { k: [1] },
    parentThreadId: "thr_nowhere",
    parentToolCallId: "call",
  } as const;
  const { id: _, ...rest } = { id: "thr_1", ...body };
  given()
    .when(create(rest))
    .gives("thread_created")
    .leaves({
      orgId: "acme",
      threadId: "thr_1",
      ownerUserId: "alice",
      ...body,
      titleSource: "user",
      archivedAt: null,
      sequence: 0,
      activeRolloutId: "rol_made1",
      activeRunId: null,
      createdAt: startTime,
      updatedAt: startTime,
    });
});

test("REST3 a thread created without fields has none", () => {
  given().when(create()).gives("thread_created").leaves({
    title: null,
    titleSource: null,
    agentId: null,
    executionMode: null,
    metadata: {},
    parentThreadId: null,
    parentToolCallId: null,
  });
});

test("REST3 creating one's own thread again changes nothing", () => {
  const again = given(create({ title: "T" }), start("run_1")).when(create({ title: "other" }));
  again.gives().leaves({ title: "T", sequence: 1 });
});

test("ORG4 creating a thread under an id that another user holds is THREAD_ID_TAKEN", () => {
  for (const by of [bob, admin]) given(create()).when(as(by, create())).refuses("THREAD_ID_TAKEN");
});

test("THR3 a title that a person sets is announced, the same one is not", () => {
  given(create())
    .when(update({ title: "A" }))
    .gives('renamed "A"')
    .leaves({ title: "A", titleSource: "user" });
  given(create({ title: "A" }))
    .when(update({ title: "A" }))
    .gives();
  given(create({ title: "A" }))
    .when(update({ title: null }))
    .gives("renamed null");
  given(create())
    .when(update({ title: null }))
    .gives();
});

test("THR3 a title made from a message becomes the person's own when they set the same", () => {
  given(create(), say("A"))
    .when(update({ title: "A" }))
    .gives('renamed "A"')
    .leaves({ titleSource: "user" });
});

test("THR4 the first user message names a thread, in a run or without", () => {
  const made = { title: "Hello there", titleSource: "message" } as const;
  given(create())
    .when(say("Hello\nthere"))
    .gives("user_message", 'renamed "Hello there"')
    .leaves(made);
  given(start("run_1"))
    .when(publish("run_1", [message([{ type: "text", text: "Hello there" }]), message("Later")]))
    .gives("user_message 2", 'renamed "Hello there"', "user_message 3")
    .leaves(made);
});

test("THR4 a thread that has a title keeps it; assistants and empty messages give none", () => {
  given(create({ title: "A" }))
    .when(say("B"))
    .gives("user_message");
  given(create(), say("A")).when(say("B")).gives("user_message");
  given(create())
    .when(say([{ type: "image" }]))
    .gives("user_message")
    .leaves({ title: null });
  const answer = { type: "assistant_message", payload: { content: "Hi" } };
  given(start("run_1"))
    .when(publish("run_1", [answer]))
    .gives("assistant_message 2");
});

test("THR4 a title set to null comes back with the next user message", () => {
  given(create({ title: "A" }), say("B"), update({ title: null }))
    .when(say("C"))
    .gives("user_message", 'renamed "C"')
    .leaves({ title: "C", titleSource: "message" });
});

test("THR9 archiving says when, once, and is taken back; the thread stays writable", () => {
  given(create())
    .when(update({ archived: true }))
    .gives("archived")
    .leaves({ archivedAt: startTime + 1_000 });
  const archived = [create(), update({ archived: true })];
  given(...archived)
    .when(update({ archived: true }))
    .gives();
  given(...archived)
    .when(update({ archived: false }))
    .gives("unarchived")
    .leaves({ archivedAt: null });
  given(...archived)
    .when(start("run_1"))
    .gives("run_started 1");
  given(create())
    .when(update({ archived: false }))
    .gives();
});

test("REST8 metadata is replaced as a whole, and several fields change in one step", () => {
  given(create({ metadata: { a: 1 } }))
    .when(update({ title: "T", archived: true, metadata: { b: 2 } }))
    .gives('renamed "T"', "archived", "metadata_set")
    .leaves({ metadata: { b: 2 } });
});

test("THR5 updatedAt moves with durable events only", () => {
  const begun = given(create(), start("run_1"));
  const { updatedAt } = begun.scenario.state.head?.thread ?? {};
  assert.equal(updatedAt, startTime + 1_000);
  const edits = update({ title: "T", archived: true, metadata: {} });
  begun.when(edits).gives('renamed "T"', "archived", "metadata_set").leaves({ updatedAt });
  begun
    .when(cancel())
    .gives("run_completed")
    .leaves({ updatedAt: startTime + 3_000 });
});

test("THR7 a clock that jumps back does not take the history with it", () => {
  const { scenario } = given(
    at(startTime, start("run_1")),
    at(startTime - 60_000, publish("run_1", [message("a"), message("b")])),
    at(startTime + 5, publish("run_1", [message("c")])),
    at(0, complete("run_1")),
  );
  assert.deepEqual(
    scenario.events.map((event) => Date.parse(event.createdAt) - startTime),
    [0, 0, 0, 5, 5],
  );
});

test("DEL2 deletion while a run is active is THREAD_BUSY, forced or afterwards it goes through", () => {
  const refusal = given(start("run_1"))
    .when(remove())
    .refuses("THREAD_BUSY", {
      reason: "run_active",
      activeRunId: "run_1",
      since: new Date(startTime).toISOString(),
      leaseExpiresAt: new Date(startTime + 900_000).toISOString(),
    });
  assert.equal(typeof refusal.retryAfterSeconds, "number");
  given(start("run_1")).when(remove(true)).gives("thread_deleted");
  given(start("run_1"), complete("run_1")).when(remove()).gives("thread_deleted");
  given(create()).when(remove()).gives("thread_deleted");
});

test("DEL6 what is left of a deleted thread holds nothing of it", () => {
  const full = create({
    title: "T",
    agentId: "a",
    metadata: { secret: 1 },
    parentThreadId: "thr_p",
  });
  given(full, start("run_1"), update({ archived: true }))
    .when(as(admin, remove(true)))
    .gives("thread_deleted")
    .leaves({
      title: null,
      titleSource: null,
      agentId: null,
      metadata: {},
      parentThreadId: null,
      archivedAt: null,
      activeRunId: null,
      compaction: null,
      deletedByUserId: "root",
    });
});

test("DEL4 a deleted thread is gone for its former owner", () => {
  for (const tried of [create(), update({ title: "T" }), remove(), cancel(), start("run_2")]) {
    given(create(), remove()).when(tried).refuses("THREAD_DELETED");
  }
  const byAdmin = [start("run_1"), as(admin, remove(true))];
  given(...byAdmin)
    .when(publish("run_1", [message("a")]))
    .refuses("THREAD_DELETED");
});

test("DEL4 under an id that was somebody else's nothing starts, and nothing is found", () => {
  for (const by of [bob, admin]) {
    const gone = given(create(), remove());
    for (const tried of [create(), start("run_2")]) {
      gone.when(as(by, tried)).refuses("THREAD_ID_TAKEN");
    }
    for (const tried of [update({ title: "T" }), remove(), cancel(), say("x")]) {
      gone.when(as(by, tried)).refuses("THREAD_NOT_FOUND");
    }
  }
});

test("RUN7 cancel ends the active run and frees the thread", () => {
  const cancelled = given(start("run_1")).when(cancel()).gives("run_completed");
  const [event] = cancelled.leaves({ activeRunId: null, sequence: 2 }).events;
  assert.equal(event?.runId, "run_1");
  assert.deepEqual(event?.payload, { status: "cancelled" });
  cancelled.scenario.do(start("run_2"));
});

test("RUN7 cancel without an active run is RUN_NOT_ACTIVE", () => {
  given(create()).when(cancel()).refuses("RUN_NOT_ACTIVE");
  given(start("run_1"), complete("run_1")).when(cancel()).refuses("RUN_NOT_ACTIVE");
  given(start("run_1"), cancel()).when(cancel()).refuses("RUN_NOT_ACTIVE");
});

test("ROL7 a start of the server closes an open compaction as failed, once", () => {
  const closed = given(compacting).when(abandon).gives("compaction_completed");
  const [event] = closed.leaves({ compaction: null, activeRunId: "run_1" }).events;
  assert.equal(event?.payload.status, "failed");
  assert.equal(event?.payload.compactionId, "cmp_made1");
  closed.scenario.do(abandon);
  assert.equal(closed.scenario.events.length, 3);
  given(start("run_1")).when(abandon).gives();
});

const edits = [update({ title: "T" }), update({ archived: true }), remove(true), cancel()];

test("ORG3 another member's thread is not there, like one that never was", () => {
  for (const tried of edits) {
    const missing = given().when(as(bob, tried)).refuses("THREAD_NOT_FOUND");
    const foreign = given(start("run_1")).when(as(bob, tried)).refuses("THREAD_NOT_FOUND");
    assert.equal(foreign.message, missing.message);
    assert.deepEqual(foreign.details, missing.details);
  }
});

test("ORG1 nobody of another org reaches a thread, admin or namesake", () => {
  for (const tried of edits)
    given(start("run_1")).when(as(outsider, tried)).refuses("THREAD_NOT_FOUND");
});

test("ORG6 an admin renames, archives, deletes and cancels somebody else's thread", () => {
  const [rename, archive, erase, end] = edits.map((tried) =>
    given(start("run_1")).when(as(admin, tried)),
  );
  rename?.gives('renamed "T"').leaves({ ownerUserId: "alice" });
  archive?.gives("archived");
  erase?.gives("thread_deleted").leaves({ deletedByUserId: admin.userId });
  end?.gives("run_completed");
});

test("ORG6 an admin may not set somebody else's metadata", () => {
  given(create())
    .when(as(admin, update({ metadata: {} })))
    .refuses("NOT_OWNER");
  given(create())
    .when(as(admin, update({ title: "T", metadata: {} })))
    .refuses("NOT_OWNER");
});

test("ORG1 a refusal names the id that was asked for and nothing else", () => {
  const { message: words } = given(create()).when(as(bob, cancel())).refuses("THREAD_NOT_FOUND");
  assert.ok(words.includes(key.threadId));
  assert.doesNotMatch(words, /alice/);
});
