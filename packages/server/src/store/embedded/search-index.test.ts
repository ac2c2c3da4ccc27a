/**
 * The search index beside its store: filled for directories that have none, made again when it is
 * damaged, never ahead of the truth nor behind it for good, and emptied of what was deleted.
 */
import assert from "node:assert/strict";
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { threadsOf } from "../../testing/assert-stored.ts";
import { EmbeddedFixture } from "../../testing/embedded-fixture.ts";
import { eventually } from "../../testing/eventually.ts";
import { stageHistory } from "../../testing/stage-history.ts";
import {
  created,
  deleted,
  message,
  renamed,
  type ThreadScript,
} from "../../testing/thread-script.ts";
import { searchTerms } from "../search-words.ts";
import type { EmbeddedStore } from "./embedded-store.ts";
import type { StoreLimits } from "./store-limits.ts";

/** An index that follows at once, a few lines at a time. */
const following = { searchIntervalMs: 1, searchBytes: 600 };

function fixtureOf(t: TestContext, limits: Partial<StoreLimits> = following): EmbeddedFixture {
  return new EmbeddedFixture(t, { limits });
}

const searchFile = (fixture: EmbeddedFixture) => path.join(fixture.dataDir, "search.db");

function removeSearch(fixture: EmbeddedFixture): void {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(searchFile(fixture) + suffix, { force: true });
}

async function found(store: EmbeddedStore, words: string): Promise<string[]> {
  const query = threadsOf({ ownerUserId: "alice", terms: searchTerms(words) });
  return (await store.listThreads(query)).map(({ threadId }) => threadId);
}

async function finds(store: EmbeddedStore, words: string, ids: readonly string[]): Promise<void> {
  await eventually(`${words} finds ${ids}`, async () => {
    return isDeepStrictEqual((await found(store, words)).sort(), [...ids].sort());
  });
}

/** Threads `thr_t0` … with a title and ten messages each: all say `common`, each its own word. */
async function populate(fixture: EmbeddedFixture, store: EmbeddedStore): Promise<ThreadScript[]> {
  const threads = Array.from({ length: 9 }, (_, at) => fixture.script(`t${at}`));
  for (const [at, thread] of threads.entries()) {
    fixture.clock.advance(1);
    const steps = Array.from({ length: 10 }, (_, n) => message(`common own${at}x word${n}`));
    await store.commit(thread.commit(created({ title: `title of own${at}x` }), ...steps));
  }
  return threads;
}

async function assertAllFound(store: EmbeddedStore): Promise<void> {
  await finds(
    store,
    "common",
    Array.from({ length: 9 }, (_, at) => `thr_t${at}`),
  );
  for (let at = 0; at < 9; at += 1) await finds(store, `own${at}x word9 title`, [`thr_t${at}`]);
}

test("FIND7 a directory without an index is indexed in the background", async (t) => {
  const fixture = fixtureOf(t);
  const store = await fixture.open();
  await populate(fixture, store);
  await store.close();
  removeSearch(fixture);
  const again = await fixture.open();
  await assertAllFound(again);
  await again.close();
});

test("FIND7 what a killed process had not indexed the next start does, and nothing twice", async (t) => {
  for (let written = 0; written < 12; written += 3) {
    const fixture = fixtureOf(t);
    const store = await fixture.open();
    await populate(fixture, store);
    const { search } = fixture;
    await eventually("some is indexed", () => (search?.updates ?? 0) >= written);
    await fixture.kill(store);
    const again = await fixture.open();
    await assertAllFound(again);
    await again.close();
    const idle = await fixture.open();
    await eventually("the scan has ended", async () => (await found(idle, "common")).length === 9);
    assert.equal(fixture.search?.updates, 0, "nothing is left to do");
    await idle.close();
  }
});

test("FIND7 a damaged index is made again, and the log says so", async (t) => {
  const fixture = fixtureOf(t);
  const store = await fixture.open();
  await populate(fixture, store);
  await assertAllFound(store);
  await store.close();
  for (const bytes of [Buffer.from("no database"), Buffer.alloc(20_000, 7)]) {
    removeSearch(fixture);
    writeFileSync(searchFile(fixture), bytes);
    fixture.logs.length = 0;
    const again = await fixture.open();
    await assertAllFound(again);
    await again.close();
    assert.ok(fixture.logs.some((line) => line.startsWith("search.db cannot be used")));
  }
});

test("FIND7 an index whose pages turn out damaged in use is made again", async (t) => {
  const fixture = fixtureOf(t);
  const store = await fixture.open();
  await populate(fixture, store);
  await assertAllFound(store);
  await store.close();
  const bytes = readFileSync(searchFile(fixture));
  // The first page stays, so that it opens.
  bytes.fill(0x5a, 4_096 * 2);
  removeSearch(fixture);
  writeFileSync(searchFile(fixture), bytes);
  const again = await fixture.open();
  await eventually("it is found and made again", async () => {
    const rows = await found(again, "common").catch(() => []); // 503 until then
    return rows.length === 9;
  });
  await assertAllFound(again);
  assert.ok(fixture.logs.some((line) => line.startsWith("search.db is damaged")));
  await again.close();
});

test("FIND7 an index that refuses is tried again, said once, and appends go on", async (t) => {
  const fixture = fixtureOf(t);
  const store = await fixture.open();
  const { search } = fixture;
  assert.ok(search);
  search.refuse = Object.assign(new Error("database or disk is full"), { errcode: 13 });
  await populate(fixture, store);
  await eventually("it was tried", () =>
    fixture.logs.some((line) => line.includes("disk is full")),
  );
  assert.deepEqual(await found(store, "common"), []);
  search.refuse = null;
  await assertAllFound(store);
  const told = fixture.logs.filter((line) => line.includes("disk is full"));
  assert.equal(told.length, 1);
  await store.close();
});

test("FIND7 an index of a newer or of another directory is set right", async (t) => {
  const [older, newer] = [fixtureOf(t), fixtureOf(t)];
  const first = await newer.open();
  await populate(newer, first);
  const gone = newer.script("gone");
  await first.commit(gone.commit(created({ title: "common gone" }), message("common")));
  await finds(first, "gone", ["thr_gone"]);
  await first.close();
  const second = await older.open();
  const thread = older.script("t0");
  await second.commit(thread.commit(created({ title: "only" }), message("other words")));
  await second.close();
  removeSearch(older);
  copyFileSync(searchFile(newer), searchFile(older));
  const again = await older.open();
  await finds(again, "other", ["thr_t0"]);
  await finds(again, "only", ["thr_t0"]);
  await finds(again, "common", []);
  await finds(again, "gone", []);
  await again.close();
});

test("FIND7 MOVE4 a killed process's imports are searched from the next start on", async (t) => {
  const fixture = fixtureOf(t);
  const store = await fixture.open();
  const [thread, whole] = [fixture.script("moved"), fixture.script("moved")];
  const steps = Array.from({ length: 30 }, (_, at) => message(`kestrel word${at}x`));
  whole.commit(created({ title: "t" }), ...steps);
  const { staged, head } = await stageHistory(store, whole);
  const { search } = fixture;
  assert.ok(search);
  search.refuse = Object.assign(new Error("database or disk is full"), { errcode: 13 });
  await store.commit(thread.import(staged.id, head, whole));
  await fixture.kill(store);
  const again = await fixture.open();
  for (const word of ["word0x", "word29x"]) await finds(again, `kestrel ${word}`, ["thr_moved"]);
  await again.close();
});

test("FIND9 the store says so while its index lacks something or cannot be written", async (t) => {
  const fixture = fixtureOf(t);
  const store = await fixture.open();
  await populate(fixture, store);
  await store.close();
  removeSearch(fixture);
  const again = await fixture.open();
  const { search } = fixture;
  assert.ok(search);
  const isFilling = () => again.health().search === "filling";
  assert.ok(isFilling(), "before it was compared");
  await eventually("it is filled", () => !isFilling());
  assert.equal((await found(again, "common")).length, 9, "all of it");
  search.refuse = Object.assign(new Error("database or disk is full"), { errcode: 13 });
  await again.commit(fixture.script("t9").commit(created(), message("common")));
  await eventually("it cannot be written", isFilling);
  search.refuse = null;
  await eventually("it is filled again", () => !isFilling());
  assert.equal((await found(again, "common")).length, 10);
  await again.close();
});

test("FIND6 what many transactions wrote is merged when there is nothing else to do", async (t) => {
  const fixture = fixtureOf(t);
  const store = await fixture.open();
  const threads = await populate(fixture, store);
  const db = new DatabaseSync(searchFile(fixture), { readOnly: true });
  const segments = db.prepare("select count(distinct segid) as count from search_words_idx");
  for (let round = 0; round < 3; round += 1) {
    for (const thread of threads) {
      await store.commit(thread.commit(message(`round${round} common`)));
      await finds(store, `round${round} ${thread.key.threadId.replace("thr_t", "own")}x`, [
        thread.key.threadId,
      ]);
    }
    const isMerged = () => (segments.get()?.count as number) <= 6;
    await eventually("at most one of a size is left", isMerged);
    await assertAllFound(store);
  }
  db.close();
  await store.close();
});

test("FIND6 lines kept since their flush and lines read back are indexed alike", async (t) => {
  for (const searchHeldBytes of [0, 700, 1_000_000]) {
    const fixture = fixtureOf(t, { searchIntervalMs: 1, searchHeldBytes });
    const store = await fixture.open();
    const threads = await populate(fixture, store);
    for (let round = 0; round < 20; round += 1) {
      const thread = threads[(round * 4) % 9] ?? assert.fail();
      await store.commit(thread.commit(message(`again${round}`), message("aside")));
    }
    await assertAllFound(store);
    for (let round = 0; round < 20; round += 1) {
      await finds(store, `again${round} aside own`, [`thr_t${(round * 4) % 9}`]);
    }
    await store.close();
  }
});

/** Files of the index in which the word stands; words may share their first letters. */
function tellingFiles({ dataDir }: EmbeddedFixture): string[] {
  const names = readdirSync(dataDir).filter((name) => name.startsWith("search.db"));
  return names.filter((name) => {
    const bytes = readFileSync(path.join(dataDir, name)).toString("latin1").toLowerCase();
    return bytes.includes("brafish4711");
  });
}

test("DEL6 after deletion and checkpoint the index holds no word of the thread", async (t) => {
  // A long thread is erased in another way than a short one.
  for (const messages of [3, 400]) {
    const fixture = fixtureOf(t, { searchIntervalMs: 1, segmentBytes: 1_000_000 });
    const store = await fixture.open();
    const [told, other] = [fixture.script("told"), fixture.script("other")];
    const steps = Array.from({ length: messages }, (_, n) => message(`zebrafish4711 stays ${n}`));
    await store.commit(told.commit(created({ title: "Zebrafish4711 title" }), ...steps));
    await store.commit(told.commit(renamed("Renamed zebrafish4711")));
    await store.commit(other.commit(created(), message("stays here")));
    await finds(store, "zebrafish4711 stays", ["thr_told"]);
    await finds(store, "stays", ["thr_told", "thr_other"]);
    assert.notDeepEqual(tellingFiles(fixture), []);
    await store.commit(told.commit(deleted()));
    await store.close();
    assert.deepEqual(tellingFiles(fixture), [], `after ${messages} messages`);
    const again = await fixture.open();
    await finds(again, "stays", ["thr_other"]);
    await again.close();
  }
});

test("DEL6 where the index cannot erase, the checkpoint waits; a damaged one is emptied", async (t) => {
  const fixture = fixtureOf(t, { searchIntervalMs: 1, segmentBytes: 1_000_000 });
  const store = await fixture.open();
  const told = fixture.script("told");
  await store.commit(told.commit(created({ title: "Zebrafish4711" }), message("x")));
  await finds(store, "zebrafish4711", ["thr_told"]);
  const { search } = fixture;
  assert.ok(search);
  search.refuse = Object.assign(new Error("database disk image is malformed"), { errcode: 11 });
  await store.commit(told.commit(deleted()));
  await eventually("it is made again", () =>
    fixture.logs.some((line) => line.startsWith("search.db is damaged")),
  );
  await store.close();
  assert.deepEqual(tellingFiles(fixture), []);
});
