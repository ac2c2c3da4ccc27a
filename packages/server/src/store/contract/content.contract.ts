/**
 * Contract of content: whatever JSON can say comes back as it was, in lines and in rows, before
 * and after a restart; and ids that differ only in case are different ids.
 */
import assert from "node:assert/strict";
import type { JsonObject } from "@spool/protocol/json";
import { assertStored, threadsOf } from "../../testing/assert-stored.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import {
  created,
  event,
  message,
  metadataSet,
  renamed,
  runCompleted,
  runStarted,
  ThreadScript,
} from "../../testing/thread-script.ts";
import { andReopened, type ContractTest } from "./contract-test.ts";

const oddTexts: readonly (readonly [name: string, text: string])[] = [
  ["NUL", "a\u0000b\u0000"],
  ["lone surrogates", "\ud800 and \udfff\ud800"],
  ["replacement character", "\ufffd"],
  ["pairs and marks", "😀 e\u0301 \u200d\ufeff"],
  ["line ends", "a\nb\r\nc\u2028d\u2029e\tf\u000bg"],
  ["quotes", `"'\\"' {"sequence":1,"type":"x"} %s $1 ?1 --`],
  ["empty", ""],
];

const oddObjects: readonly (readonly [name: string, json: string])[] = [
  ["__proto__ and friends", '{"__proto__":{"a":1},"constructor":null,"toString":"","":{"":[]}}'],
  ["numbers", "[0,1e308,5e-324,0.1,9007199254740993,-1,1e21]"],
  ["numeric keys out of order", '{"10":1,"2":2,"-1":3,"a":4,"1":5}'],
  ["nested arrays", `{"a":${"[".repeat(100)}null${"]".repeat(100)}}`],
];

/** Registers the tests. */
export function testContent(test: ContractTest): void {
  const clock = new FakeClock();
  const script = (name: string) =>
    new ThreadScript({ orgId: "acme", threadId: `thr_${name}` }, clock.now);

  for (const [name, text] of oddTexts) {
    test(`LOG2 LOG7 text with ${name} comes back as it was`, async (store, reopen) => {
      const thread = script("text");
      const begin = created({ title: text, agentId: text, ownerUserId: `u${text}` });
      await store.commit(thread.commit(begin, metadataSet({ [text]: text }), message(text, text)));
      await store.commit(thread.commit(runStarted("run_1", { metadata: { text } })));
      await store.commit(thread.commit(event("custom", { name: text, data: [text] })));
      await store.commit(thread.commit(runCompleted("failed", { reason: text })));
      await store.commit(thread.commit(renamed(`${text}!`), message(text, `${text}!`)));
      for await (const one of andReopened(store, reopen)) {
        await assertStored(one, thread.key, thread.expected());
        const own = threadsOf({ agentId: text, ownerUserId: `u${text}` });
        assert.equal((await one.listThreads(own)).length, 1);
        assert.equal(
          (await one.listThreads({ ...own, ownerUserId: "u" })).length,
          text === "" ? 1 : 0,
        );
      }
    });
  }

  for (const [name, json] of oddObjects) {
    test(`WIRE7 JSON with ${name} comes back as it was`, async (store, reopen) => {
      const thread = script("json");
      const value = JSON.parse(json) as JsonObject;
      await store.commit(thread.commit(created({ metadata: { value } })));
      await store.commit(thread.commit(runStarted("run_1", { metadata: { value }, value })));
      await store.commit(thread.commit(metadataSet({ again: value, ...value })));
      for await (const one of andReopened(store, reopen)) {
        await assertStored(one, thread.key, thread.expected());
        const metadata = (await one.load(thread.key))?.head.thread.metadata;
        assert.equal(JSON.stringify(metadata?.again), JSON.stringify(value));
      }
    });
  }

  test("LOG2 a line of 1 MiB among short ones comes back as it was", async (store, reopen) => {
    const thread = script("long-line");
    await store.commit(thread.commit(created(), message("before")));
    await store.commit(thread.commit(message("ab".repeat(512 * 1024)), message("behind")));
    await store.commit(thread.commit(message("after")));
    await assertStored(store, thread.key, thread.expected());
    await assertStored(await reopen(), thread.key, thread.expected());
  });

  test("REST8 metadata of 10,000 fields comes back as it was", async (store, reopen) => {
    const thread = script("wide");
    const fields = Array.from({ length: 10_000 }, (_, at) => [`k${at}`, at] as const);
    await store.commit(thread.commit(created({ metadata: Object.fromEntries(fields) })));
    await assertStored(store, thread.key, thread.expected());
    await assertStored(await reopen(), thread.key, thread.expected());
  });

  test("PUB2 a batch of 1,000 events is one commit", async (store, reopen) => {
    const thread = script("batch");
    const steps = Array.from({ length: 1_000 }, (_, at) => message(`${at}`));
    await store.commit(thread.commit(created(), ...steps));
    await assertStored(store, thread.key, thread.expected());
    await assertStored(await reopen(), thread.key, thread.expected());
  });

  test("LOG18 ids that differ only in case are different threads", async (store, reopen) => {
    const names = ["abc", "ABC", "Abc", "aBC", "abc-", "abc_", "_", "-", "A".repeat(64)];
    const threads = names.flatMap((name) => [
      script(name),
      new ThreadScript({ orgId: "ACME", threadId: `thr_${name}` }, clock.now),
    ]);
    for (const [at, thread] of threads.entries()) {
      await store.commit(thread.commit(created({ rolloutId: "rol_Abc" }), message(`of ${at}`)));
      await store.commit(thread.commit(event("compaction_started")));
    }
    for await (const one of andReopened(store, reopen, 2)) {
      for (const thread of threads) await assertStored(one, thread.key, thread.expected());
    }
  });
}
