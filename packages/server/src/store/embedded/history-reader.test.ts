/** Pages of what stands in files: only what is needed is read, and given back when told (LOG2). */
import { strict as assert } from "node:assert";
import { test } from "node:test";
import { EmbeddedFixture } from "../../testing/embedded-fixture.ts";
import { created, event, type ThreadScript } from "../../testing/thread-script.ts";
import type { EventQuery } from "../thread-store.ts";

const letters = "abcdefghijklmnopqrst";

/** A query for a thread's whole history, or as `more` says. */
function queryOf({ key }: ThreadScript, more: Partial<EventQuery> = {}): EventQuery {
  const all = { rolloutId: null, from: 1, to: 1_000, order: "asc", type: null } as const;
  return { key, ...all, limit: 500, bytesMax: 8_000_000, ...more };
}

function contentsOf(lines: readonly Buffer[]): string[] {
  return lines.map((line) => JSON.parse(line.toString()).payload.data[0]);
}

for (const order of ["asc", "desc"] as const) {
  test(`LOG2 REST4 lines read from files go when they are released, ${order}`, async (t) => {
    const limits = { blockBytes: 64 * 1024, readBytes: 128 * 1024 };
    const fixture = new EmbeddedFixture(t, { limits });
    const script = fixture.script("long");
    const texts = [...letters].map((letter) => event("custom", { data: letter.repeat(10_000) }));
    const first = await fixture.open();
    await first.commit(script.commit(created(), ...texts));
    await first.close();
    const store = await fixture.open();
    const wanted = order === "asc" ? [...letters] : [...letters].reverse();
    const page = await store.readEvents(queryOf(script, { order }));
    const other = await store.readEvents(queryOf(script, { order }));
    assert.deepEqual(contentsOf(page.lines), wanted);
    page.release?.();
    assert.ok(page.lines.every((line) => line.length === 0));
    page.release?.();
    assert.deepEqual(contentsOf(other.lines), wanted, "another's lines are another's");
    const few = await store.readEvents(queryOf(script, { order, limit: 3 }));
    assert.deepEqual(contentsOf(few.lines), wanted.slice(0, 3));
    assert.equal(few.next, order === "asc" ? 4 : letters.length - 3);
    await store.close();
  });
}

test("LOG2 lines in memory are not the page's, and stay", async (t) => {
  const fixture = new EmbeddedFixture(t);
  const script = fixture.script("fresh");
  const store = await fixture.open();
  await store.commit(script.commit(created(), event("custom", { data: "x".repeat(100_000) })));
  const page = await store.readEvents(queryOf(script));
  page.release?.();
  assert.deepEqual(contentsOf(page.lines), ["x"]);
  await store.close();
});
