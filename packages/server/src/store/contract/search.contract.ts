/**
 * Contract of `listThreads` with terms: which texts are searched, whose, and that a walk by the
 * last row's place finds what the threads say, however rare or common the words are. The index may
 * follow its store, so every expectation is waited for (FIND6).
 */
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { threadsOf } from "../../testing/assert-stored.ts";
import { eventually } from "../../testing/eventually.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { SeededRandom } from "../../testing/seeded-random.ts";
import { stageHistory } from "../../testing/stage-history.ts";
import {
  archived,
  compacted,
  created,
  deleted,
  event,
  message,
  renamed,
  runCompleted,
  runStarted,
  ThreadScript,
} from "../../testing/thread-script.ts";
import { searchTerms } from "../search-words.ts";
import type { ListedThread, ThreadQuery, ThreadStore } from "../thread-store.ts";
import { andReopened, type ContractTest } from "./contract-test.ts";

/** Registers the tests. */
export function testSearch(test: ContractTest): void {
  test("FIND1 titles, messages and summaries are searched, over all rollouts", async (store, reopen) => {
    const script = scripts(1)[0] as ThreadScript;
    const parts = [
      { type: "thinking", text: "pondering" },
      { type: "text", text: "An answer" },
    ];
    const steps = [
      created({ title: "Quarterly report" }),
      message("Where is the cellar key?"),
      runStarted("run_1"),
      event("assistant_message", { content: parts }),
      event("tool_call", { toolCallId: "c1", name: "grep", input: { pattern: "needle" } }),
      event("tool_result", { toolCallId: "c1", output: "haystack" }),
      event("compaction_started"),
      compacted("rol_next", "It was about a lighthouse"),
    ];
    await store.commit(script.commit(...steps));
    for await (const one of andReopened(store, reopen)) {
      await finds(one, "quarterly", ["thr_0"]);
      await finds(one, "cellar", ["thr_0"]);
      await finds(one, "answer", ["thr_0"]);
      await finds(one, "lighthouse", ["thr_0"]);
      await finds(one, "lighthouse quarterly cellar", ["thr_0"]);
      await finds(one, "lighthouse quarterly missing", []);
      for (const word of ["pondering", "needle", "haystack", "grep", "tool"]) {
        assert.deepEqual(idsOf(await search(one, word)), [], word);
      }
    }
  });

  test("FIND2 FIND3 the last word goes on, operators and quotes are data", async (store) => {
    const [one, two] = scripts(2) as [ThreadScript, ThreadScript];
    await store.commit(one.commit(created({ title: "Ärger NOT near" }), message("deployments")));
    await store.commit(two.commit(created({ title: "or and" }), message("deploy 日本語のメモ")));
    await finds(store, "deploy", ["thr_1", "thr_0"]);
    await finds(store, "deployment", ["thr_0"]);
    await finds(store, "deploy or", ["thr_1"]);
    await finds(store, "arger", ["thr_0"]);
    await finds(store, "日本", ["thr_1"]);
    await finds(store, "本語の", ["thr_1"]);
    for (const none of ["日語", "deploy NOT or", 'dep OR "deploy"', "near AND arger", "d* x"]) {
      assert.deepEqual(idsOf(await search(store, none)), [], none);
    }
    assert.deepEqual(idsOf(await search(store, '"not" (near) arger*')), ["thr_0"]);
  });

  test("FIND4 only the owner's threads, and over an org only titles that people set", async (store) => {
    const [one, two, three] = scripts(3) as [ThreadScript, ThreadScript, ThreadScript];
    const foreign = new ThreadScript({ orgId: "ACME", threadId: "thr_0" }, () => 9);
    await store.commit(one.commit(created({ title: "budget plan" }), message("budget secret")));
    await store.commit(
      two.commit(
        created({ ownerUserId: "bob" }),
        message("budget b"),
        renamed("budget", "message"),
      ),
    );
    await store.commit(three.commit(created({ ownerUserId: "bob", title: "the Budget" })));
    await store.commit(foreign.commit(created({ title: "budget" })));
    await finds(store, "budget", ["thr_0"]);
    await finds(store, "budget", ["thr_2", "thr_1"], { ownerUserId: "bob" });
    await finds(store, "budget", ["thr_2", "thr_0"], { ownerUserId: null });
    await finds(store, "secret", ["thr_0"]);
    assert.deepEqual(await search(store, "secret", { ownerUserId: null }), []);
    assert.deepEqual(await search(store, "budget", { ownerUserId: "carol" }), []);
    const rows = await search(store, "budget", { ownerUserId: null });
    assert.ok(rows.every(({ match }) => match?.type === "title" && match.sequence === 0));
  });

  test("FIND5 a found thread says where it was found", async (store) => {
    const script = scripts(1)[0] as ThreadScript;
    const long = `${"before ".repeat(80)}the Größe of <b>it</b>${" after".repeat(80)}`;
    await store.commit(script.commit(created({ title: "grosse size" }), message(long)));
    await store.commit(script.commit(message("nothing of it")));
    await finds(store, "groß", ["thr_0"]);
    const [row] = await search(store, "groß");
    assert.equal(row?.match?.sequence, 1);
    assert.equal(row?.match?.type, "user_message");
    const { text, ranges } = row?.match ?? assert.fail();
    assert.ok(text.length <= 240 && long.includes(text) && text.includes("<b>it</b>"));
    assert.deepEqual(
      ranges.map(([from, to]) => text.slice(from, to)),
      ["Größe"],
    );
  });

  test("FIND5 of many texts the newest that holds all words is shown, else that holds one", async (store) => {
    const threads = scripts(6);
    for (const [at, script] of threads.entries()) {
      // Between a text and thirty: more than are read at once, and fewer.
      const said = Array.from({ length: 1 + 6 * at }, (_, n) => message(`often part${n % 5}`));
      await store.commit(script.commit(created(), ...said, message("aside"), message("apart")));
    }
    const shown = async (words: string) => {
      return (await search(store, words)).map(({ match }) => match?.sequence);
    };
    const texts = [31, 25, 19, 13, 7, 1];
    await eventually("all is found", async () => (await shown("apart")).length === threads.length);
    assert.deepEqual(await shown("often"), texts);
    assert.deepEqual(await shown("often part0"), [31, 21, 16, 11, 6, 1]);
    assert.deepEqual(
      await shown("often aside"),
      texts.map((count) => count + 1),
    );
  });

  test("FIND6 what changes is followed: titles, archive, deletion", async (store, reopen) => {
    const [one, two] = scripts(2) as [ThreadScript, ThreadScript];
    await store.commit(one.commit(created({ title: "old name" }), message("alpha")));
    await store.commit(two.commit(created({ title: "two" }), message("alpha")));
    await finds(store, "alpha", ["thr_1", "thr_0"]);
    await store.commit(one.commit(renamed("new name")));
    await finds(store, "new", ["thr_0"]);
    await finds(store, "old", []);
    await store.commit(one.commit(renamed(null), archived()));
    assert.deepEqual(idsOf(await search(store, "alpha")), ["thr_1"], "as the list");
    await finds(store, "new", [], { includeArchived: true });
    await finds(store, "alpha", ["thr_1", "thr_0"], { includeArchived: true });
    await store.commit(two.commit(deleted()));
    assert.deepEqual(await search(store, "alpha"), [], "gone at once");
    const again = await reopen();
    await finds(again, "alpha", ["thr_0"], { includeArchived: true });
  });

  test("FIND6 MOVE3 an imported thread is found, and no more once it is deleted", async (store, reopen) => {
    const [thread, whole] = [scripts(1)[0], scripts(1)[0]] as [ThreadScript, ThreadScript];
    whole.commit(created({ title: "moved here" }), message("kestrel"), renamed("moved kestrel"));
    const { staged, head } = await stageHistory(store, whole);
    assert.deepEqual(await search(store, "kestrel"), [], "not before its commit");
    await store.commit(thread.import(staged.id, head, whole));
    await finds(store, "kestrel moved", ["thr_0"]);
    await store.commit(thread.commit(message("osprey")));
    for await (const one of andReopened(store, reopen)) {
      await finds(one, "osprey kestrel", ["thr_0"]);
    }
    const again = await reopen();
    await again.commit(thread.commit(deleted()));
    assert.deepEqual(await search(again, "kestrel"), []);
    await finds(await reopen(), "osprey", []);
  });

  test("FIND6 MOVE8 what an import puts in the place of other events is found", async (store, reopen) => {
    const [thread, whole] = [scripts(1)[0], scripts(1)[0]] as [ThreadScript, ThreadScript];
    const said = (content: string) => event("assistant_message", { content });
    const open = [created({ title: "t" }), runStarted("run_1"), said("first")];
    await store.commit(thread.commit(...open));
    const closing = { status: "interrupted", reason: "imported" };
    await store.commit(thread.commit(event("run_completed", closing, { numbered: false })));
    await store.commit(thread.commit(message("aside"), renamed("closed")));
    await finds(store, "closed aside", ["thr_0"]);
    whole.commit(...open, said("second"), said("third"), runCompleted(), message("fourth"));
    const { staged, head } = await stageHistory(store, whole);
    await store.commit(thread.import(staged.id, head, whole));
    for await (const one of andReopened(store, reopen)) {
      await finds(one, "first second third fourth closed", ["thr_0"]);
      await finds(one, "aside", []);
    }
  });

  test("FIND1 PAGE8 any search is what the threads say, page by page", async (store, reopen) => {
    const random = new SeededRandom(5);
    const threads = scripts(60);
    const said = new Map<string, string>();
    for (let round = 0; round < 160; round += 1) {
      const script = round < threads.length ? threads[round] : random.pick(threads);
      if (script === undefined || script.expected().thread?.deletedAt != null) continue;
      const words = Array.from({ length: 3 }, () => random.pick(vocabulary)).join(" ");
      const { threadId } = script.key;
      const begin = script.version === 0 ? [created({ agentId: random.pick([null, "a"]) })] : [];
      said.set(threadId, `${said.get(threadId) ?? ""} ${words}`);
      const end = random.chance(0.05) ? [deleted()] : random.chance(0.1) ? [archived()] : [];
      await store.commit(script.commit(...begin, message(words), ...end));
    }
    for await (const one of andReopened(store, reopen)) {
      for (let round = 0; round < 40; round += 1) {
        const words = Array.from({ length: 1 + random.below(3) }, () => random.pick(vocabulary));
        const query = { agentId: random.pick([null, "a"]), includeArchived: random.chance(0.5) };
        const expected = threads.filter((script) => {
          const row = script.expected().thread;
          const has = (word: string) => said.get(script.key.threadId)?.split(" ").includes(word);
          const start = words.at(-1) ?? "";
          return (
            row?.deletedAt === null &&
            (query.agentId === null || row.agentId === query.agentId) &&
            (query.includeArchived || row.archivedAt === null) &&
            words.slice(0, -1).every(has) &&
            said.get(script.key.threadId)?.includes(` ${start}`)
          );
        });
        const order = expected.map((script) => script.expected().thread ?? assert.fail());
        order.sort((a, b) => b.updatedAt - a.updatedAt);
        const wanted = order.map(({ threadId }) => threadId);
        await eventually(words.join(" "), async () => {
          return isDeepStrictEqual(await walk(one, words.join(" "), query), wanted);
        });
      }
    }
  });
}

/** From a word in every text to words in few; some begin others. */
const vocabulary = [
  ..."the the the the the the a a a some some word word words wordy".split(" "),
  ..."rare rarely rarest needle zebra".split(" "),
];

/** Threads `thr_0`, `thr_1`, …, each commit a millisecond behind the one before. */
function scripts(count: number): ThreadScript[] {
  const clock = new FakeClock();
  const now = () => {
    clock.advance(1);
    return clock.now();
  };
  return Array.from({ length: count }, (_, at) => {
    return new ThreadScript({ orgId: "acme", threadId: `thr_${at}` }, now);
  });
}

function search(
  store: ThreadStore,
  words: string,
  narrowed: Partial<ThreadQuery> = {},
): Promise<ListedThread[]> {
  const query = { ownerUserId: "alice", terms: searchTerms(words), ...narrowed };
  return store.listThreads(threadsOf({ ...query, includeArchived: false, ...narrowed }));
}

/** Waits until a search finds exactly these threads, in this order. */
function finds(
  store: ThreadStore,
  words: string,
  ids: readonly string[],
  narrowed: Partial<ThreadQuery> = {},
): Promise<void> {
  return eventually(`${words} finds ${ids.join(" ")}`, async () =>
    isDeepStrictEqual(idsOf(await search(store, words, narrowed)), ids),
  );
}

/** The ids on all pages of two. */
async function walk(store: ThreadStore, words: string, narrowed: Partial<ThreadQuery>) {
  const ids: string[] = [];
  for (let after: ThreadQuery["after"] = null; ; ) {
    const page: ListedThread[] = await search(store, words, { ...narrowed, after, limit: 2 });
    ids.push(...idsOf(page));
    const last = page.at(-1);
    if (last === undefined || page.length < 2) return ids;
    after = { updatedAt: last.updatedAt, threadId: last.threadId };
  }
}

function idsOf(rows: readonly ListedThread[]): string[] {
  return rows.map(({ threadId }) => threadId);
}
