/** A forked thread's file repeats its parent's history: kept apart, and no message twice. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as codex from "../testing/codex-records.ts";
import { payloadsOf, readRecords, typesOf } from "../testing/read-lines-of.ts";

// Version 7 ids: the parent's turn is older than the child, the child's turn newer.
const parent = "019d0000-0000-7000-8000-00000000000a";
const olderTurn = "019d0000-0100-7000-8000-00000000000b";
const child = "019d0000-0200-7000-8000-00000000000c";
const ownTurn = "019d0000-0300-7000-8000-00000000000d";

const parentTurn = (turnId = olderTurn) => [
  ...codex.turnStart(turnId),
  ...codex.prompt("asked of the parent"),
  ...codex.answer("said by the parent"),
  codex.event("token_count", { info: { total_token_usage: { total_tokens: 100 } } }),
  codex.turnEnd(turnId),
];
const childTurn = (turnId = ownTurn) => [
  ...codex.turnStart(turnId),
  ...codex.prompt("asked of the child"),
  codex.event("token_count", { info: { total_token_usage: { total_tokens: 130 } } }),
  codex.turnEnd(turnId),
];
const fork = codex.sessionMeta({ id: child, forked_from_id: parent });
const forked = [fork, codex.sessionMeta({ id: parent }), ...parentTurn(), ...childTurn()];

function promptsOf(records: readonly object[], options = {}) {
  const { frames } = readRecords("codex", codex.rollout(...records), {
    complete: true,
    ...options,
  });
  const prompts = payloadsOf(frames, "user_message").map(({ content }) => content);
  return { frames, prompts };
}

test("SRC11 of a forked thread's file only its own turns are messages, the rest is kept", () => {
  const { frames, prompts } = promptsOf(forked);
  assert.deepEqual(prompts, ["asked of the child"]);
  const [inherited, own] = payloadsOf(frames, "run_started");
  assert.equal(inherited?.reason, "inherited_history");
  assert.deepEqual(inherited?.metadata, { inheritedFrom: `thr_${parent}` });
  assert.equal(own?.reason, undefined);
  const kept = typesOf(frames).filter((type) => type.startsWith("codex.inherited."));
  assert.equal(kept.length, 1 + parentTurn().length);
  const [end, ownEnd] = payloadsOf(frames, "run_completed");
  assert.equal(end?.records, kept.length);
  assert.deepEqual(ownEnd?.usage, { total_tokens: 30 });
});

test("SRC11 with messages only, nothing of the inherited history is left", () => {
  const { frames } = promptsOf(forked, { messagesOnly: true });
  assert.deepEqual(typesOf(frames), ["run_started", "user_message", "run_completed"]);
});

test("SRC11 the same from any stored state", () => {
  const records = codex.rollout(...forked);
  const storedAt = records.map((_, index) => index);
  assert.deepEqual(readRecords("codex", records, { storedAt }), readRecords("codex", records));
});

test("SRC11 a paginated file marks by ordinal where the thread's own history begins", () => {
  const start = 1 + parentTurn("t").length;
  const meta = codex.sessionMeta({
    id: child,
    history_mode: "paginated",
    subagent_history_start_ordinal: start,
  });
  const records = [meta, ...parentTurn("t"), ...childTurn("u")];
  const { prompts } = promptsOf(records.map((record, ordinal) => ({ ordinal, ...record })));
  assert.deepEqual(prompts, ["asked of the child"]);
});

test("SRC11 what nothing proves to be inherited is the thread's own", () => {
  const records = [fork, codex.sessionMeta({ id: parent }), ...parentTurn("t"), ...childTurn("u")];
  assert.deepEqual(promptsOf(records).prompts, ["asked of the parent", "asked of the child"]);
  const bare = [fork, codex.sessionMeta({ id: parent }), ...codex.prompt("no turn at all")];
  assert.deepEqual(promptsOf(bare).prompts, ["no turn at all"]);
  const later = [fork, ...childTurn(), codex.sessionMeta({ id: parent }), ...parentTurn("t")];
  assert.deepEqual(promptsOf(later).prompts, ["asked of the child", "asked of the parent"]);
});

test("SRC7 a spawned thread's file finds the call that made it", () => {
  const spawned = [
    codex.item("function_call", { name: "spawn_agent", arguments: "{}", call_id: "c1" }),
    codex.output("c1", JSON.stringify({ agent_id: child, nickname: "Ada" })),
  ];
  const { links } = readRecords("codex", codex.rollout(codex.sessionMeta(), ...spawned));
  const source = { subagent: { thread_spawn: { parent_thread_id: parent, depth: 1 } } };
  const records = codex.rollout(codex.sessionMeta({ id: child, source }), ...childTurn());
  const header = readRecords("codex", records, { links }).headers[`thr_${child}`];
  assert.deepEqual([header?.parentThreadId, header?.parentToolCallId], [`thr_${parent}`, "c1"]);
  const end = codex.event("collab_agent_spawn_end", { call_id: "c2", new_thread_id: child });
  const [link] = readRecords("codex", codex.rollout(codex.sessionMeta(), end)).links;
  assert.equal(link?.toolCallId, "c2");
});
