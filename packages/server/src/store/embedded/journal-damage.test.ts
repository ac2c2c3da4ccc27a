/**
 * Bytes of the journal that changed on the disk: reported with file and offset, never skipped in
 * silence; the threads they belong to refuse writes, now and after every restart, and all others
 * go on (LOG9, LOG10).
 */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { DomainError } from "@spool/protocol/errors";
import { assertStored, eventsOf } from "../../testing/assert-stored.ts";
import { PromisedThread } from "../../testing/crash-oracle.ts";
import { EmbeddedFixture } from "../../testing/embedded-fixture.ts";
import { eventually, settled } from "../../testing/eventually.ts";
import { created, message, metadataSet, renamed } from "../../testing/thread-script.ts";
import { StorageDamage } from "../thread-store.ts";
import type { EmbeddedStore } from "./embedded-store.ts";
import { decodeBatch, decodeHeader } from "./journal-codec.ts";

const segmentFiles = /journal\/\d+\.log$/;

type Prepared = {
  readonly fixture: EmbeddedFixture;
  readonly threads: readonly PromisedThread[];
  /** Where each commit's batch stands; one batch per commit. */
  readonly batches: readonly { thread: string; file: string; offset: number; end: number }[];
};

/** Three threads whose commits all stand in the journal, in one segment, when the process dies. */
async function prepare(t: TestContext, options: { flushView?: boolean } = {}): Promise<Prepared> {
  const limits = { segmentBytes: 1_000_000, ...(options.flushView ? { viewIntervalMs: 1 } : {}) };
  const fixture = new EmbeddedFixture(t, { limits });
  const store = await fixture.open();
  const threads = ["a", "b", "c"].map((name) => new PromisedThread(fixture.script(name)));
  for (const thread of threads) await thread.commit(store, created(), message("first"));
  for (let round = 0; round < 3; round += 1) {
    for (const thread of threads) {
      await thread.commit(store, message(`${round}`.repeat(50)), metadataSet({ round }));
    }
  }
  if (options.flushView) await eventually("rows written", () => fixture.view.batch === 12);
  await fixture.kill(store);
  return { fixture, threads, batches: batchesIn(fixture) };
}

function batchesIn({ disk }: EmbeddedFixture): Prepared["batches"] {
  return disk.files(segmentFiles).flatMap(({ path, file }) => {
    const decoded = decodeHeader(file.bytes);
    if (decoded === null) return [];
    const { salt, after } = decoded.header;
    const found: Prepared["batches"][number][] = [];
    for (let offset = decoded.end, batch = after + 1; ; batch += 1) {
      const one = decodeBatch(file.bytes, offset, { salt, batch });
      if (one.kind !== "batch") return found;
      found.push({ thread: one.commits[0]?.threadId ?? "", file: path, offset, end: one.end });
      offset = one.end;
    }
  });
}

/** Flips a byte: of the batch's line, or of its body, which ends the batch. */
function flip({ fixture, batches }: Prepared, at: number, part: "line" | "body"): string {
  const batch = batches[at] as Prepared["batches"][number];
  fixture.disk.file(batch.file)?.flip(part === "line" ? batch.offset + 40 : batch.end - 20);
  return `${batch.file}, offset ${batch.offset}`;
}

async function assertRefused(store: EmbeddedStore, thread: PromisedThread): Promise<void> {
  const commit = thread.script.commit(message("refused"));
  thread.script.rewind(thread.script.version - 1);
  const code = "STORAGE_UNAVAILABLE";
  // The revision does not matter: the damage is looked at first.
  await assert.rejects(
    store.commit(commit),
    (error) => error instanceof DomainError && error.code === code,
  );
}

/** The threads named are refused and stand at `version`; the others are whole and take writes. */
async function assertOnly(
  store: EmbeddedStore,
  threads: readonly PromisedThread[],
  damaged: Readonly<Record<string, number>>,
): Promise<void> {
  for (const thread of threads) {
    const version = damaged[thread.key.threadId];
    if (version === undefined) {
      await assertStored(store, thread.key, thread.script.expected());
      assert.ok(await thread.commit(store, message("goes on")));
    } else {
      await assertRefused(store, thread);
      await assertStored(store, thread.key, thread.script.expected(version));
    }
  }
}

/** The same holds after restarts, the journal is worked off, and what was damaged is kept. */
async function assertLasting(
  { fixture, threads }: Prepared,
  store: EmbeddedStore,
  damaged: Readonly<Record<string, number>>,
): Promise<void> {
  await assertOnly(store, threads, damaged);
  await store.close();
  for (const ending of ["closed", "killed"]) {
    const again = await fixture.open();
    await assertOnly(again, threads, damaged);
    if (ending === "killed") await fixture.losePower(again);
    else await again.close();
  }
  assert.equal(fixture.disk.paths(/journal\/\d+\.log\.damaged$/).length, 1);
  assert.ok(fixture.disk.paths(segmentFiles).length <= 3, "the journal is worked off");
}

test("LOG10 a changed body stops its thread alone, with file and offset", async (t) => {
  const prepared = await prepare(t);
  const where = flip(prepared, 4, "body");
  const store = await prepared.fixture.open();
  assert.ok(prepared.fixture.logs.some((line) => line.includes(where)));
  assert.equal(store.health().state, "writable");
  await assertLasting(prepared, store, { thr_b: 1 });
});

test("LOG10 two changed bodies in a row stop both threads", async (t) => {
  const prepared = await prepare(t);
  const places = [flip(prepared, 4, "body"), flip(prepared, 5, "body")];
  const store = await prepared.fixture.open();
  for (const where of places) assert.ok(prepared.fixture.logs.some((line) => line.includes(where)));
  await assertLasting(prepared, store, { thr_b: 1, thr_c: 1 });
});

test("LOG10 a changed line hides whose it is: all threads refuse, and are read", async (t) => {
  const prepared = await prepare(t);
  const { fixture, threads } = prepared;
  const where = flip(prepared, 6, "line");
  for (let restart = 0; restart < 3; restart += 1) {
    const store = await fixture.open();
    assert.ok(fixture.logs.some((line) => line.includes(where)));
    assert.equal(store.health().state, "refusing");
    for (const thread of threads) await assertRefused(store, thread);
    const [a, b, c] = threads as [PromisedThread, PromisedThread, PromisedThread];
    // What is behind the damage cannot follow on a thread that lacks something.
    await assertStored(store, a.key, a.script.expected(2));
    for (const { key, script } of [b, c]) await assertStored(store, key, script.expected());
    await store.close();
  }
});

test("LOG10 a changed body and a changed line behind it are both found", async (t) => {
  const prepared = await prepare(t);
  const places = [flip(prepared, 4, "body"), flip(prepared, 5, "line")];
  const store = await prepared.fixture.open();
  for (const where of places) assert.ok(prepared.fixture.logs.some((line) => line.includes(where)));
  assert.equal(store.health().state, "refusing");
  await store.close();
});

test("LOG10 a segment with a changed header is not taken for an unused one", async (t) => {
  for (const offset of [0, 20, 60]) {
    const { fixture, threads, batches } = await prepare(t);
    const file = batches[0]?.file as string;
    const before = Buffer.from(fixture.disk.file(file)?.bytes ?? []);
    fixture.disk.file(file)?.flip(offset);
    for (let restart = 0; restart < 3; restart += 1) {
      const store = await fixture.open();
      assert.ok(fixture.logs.some((line) => line.includes(`${file}, offset 0`)));
      assert.equal(store.health().state, "refusing");
      for (const thread of threads) await assertRefused(store, thread);
      await store.close();
    }
    const kept = fixture.disk.file(`${file}.damaged`);
    kept?.flip(offset);
    assert.ok(kept?.bytes.equals(before), "what was in it can still be repaired");
  }
});

test("LOG10 a changed last batch is damage where the tables prove that it was flushed", async (t) => {
  const prepared = await prepare(t, { flushView: true });
  const { fixture, threads } = prepared;
  const where = flip(prepared, 11, "body");
  for (let restart = 0; restart < 3; restart += 1) {
    const store = await fixture.open();
    assert.ok(fixture.logs.some((line) => line.includes(where)));
    const [a, b, c] = threads as [PromisedThread, PromisedThread, PromisedThread];
    for (const thread of [a, b]) {
      await assertStored(store, thread.key, thread.script.expected());
      assert.ok(await thread.commit(store, message("goes on")));
    }
    await assertRefused(store, c);
    // Its row says that there is one more event: to leave it out in silence would be a lie.
    await assert.rejects(store.readEvents(eventsOf(c.key)), StorageDamage);
    await store.close();
  }
});

test("LOG10 lines behind a gap that the tables cover are neither served nor filed", async (t) => {
  const { fixture, threads, batches } = await prepare(t, { flushView: true });
  const where = flip({ fixture, threads, batches }, 6, "line");
  const [a, b, c] = threads as [PromisedThread, PromisedThread, PromisedThread];
  for (let restart = 0; restart < 3; restart += 1) {
    const store = await fixture.open();
    assert.ok(fixture.logs.some((line) => line.includes(where)));
    for (const thread of threads) await assertRefused(store, thread);
    for (const order of ["asc", "desc"] as const) {
      await assert.rejects(store.readEvents(eventsOf(a.key, { order })), StorageDamage);
    }
    const { lines } = await store.readEvents(eventsOf(a.key, { to: 2 }));
    assert.equal(lines.length, 2, "what stands before the gap is served");
    for (const { key, script } of [b, c]) await assertStored(store, key, script.expected());
    await store.close();
  }
  const written = a.script.expected().events.slice(0, 2);
  const file = fixture.disk.files(/thr_a\/.*\.jsonl$/)[0]?.file;
  assert.equal(`${file?.bytes}`, written.map(({ line }) => `${line}\n`).join(""));
});

test("LOG10 a journal that ends too early is damage where the tables prove it", async (t) => {
  const prepared = await prepare(t, { flushView: true });
  const { fixture, threads, batches } = prepared;
  const { file, offset } = batches[9] as Prepared["batches"][number];
  const segment = fixture.disk.file(file);
  segment?.replace(Buffer.from(segment.bytes.subarray(0, offset)));
  const store = await fixture.open();
  assert.equal(store.health().state, "refusing");
  assert.ok(fixture.logs.some((line) => line.includes(`${file}, offset ${offset}`)));
  for (const thread of threads) await assertRefused(store, thread);
  await store.close();
});

test("LOG9 a torn tail is cut, and the server starts", async (t) => {
  for (let cut = 1; cut <= 60; cut += 7) {
    const prepared = await prepare(t);
    const { fixture, threads, batches } = prepared;
    const { file, offset, end } = batches[11] as Prepared["batches"][number];
    const segment = fixture.disk.file(file);
    const torn = Buffer.from(segment?.bytes ?? []);
    torn.fill(0, Math.max(offset, end - cut * 5));
    segment?.replace(torn);
    const store = await fixture.open();
    assert.deepEqual(
      fixture.logs.filter((line) => line.includes("damage")),
      [],
    );
    const [a, b, c] = threads as [PromisedThread, PromisedThread, PromisedThread];
    for (const { key, script } of [a, b]) await assertStored(store, key, script.expected());
    await assertStored(store, c.key, c.script.expected(3));
    c.script.rewind(3);
    c.acknowledged = 3;
    assert.ok(await c.commit(store, renamed("again")));
    await store.close();
  }
});

test("LOG9 replay may run any number of times, with the same result", async (t) => {
  const { fixture, threads } = await prepare(t);
  for (let start = 0; start < 4; start += 1) {
    // The checkpoint that follows a start gets nowhere, so that the next one replays it all again.
    const store = await fixture.open((files) => files.hold("write", /threads/));
    await settled();
    for (const { key, script } of threads) await assertStored(store, key, script.expected());
    await fixture.kill(store);
  }
});
