/** `thread.json` is the old one or the new one at every step and after every crash (LOG19). */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { assertStored } from "../../testing/assert-stored.ts";
import { EmbeddedFixture } from "../../testing/embedded-fixture.ts";
import { created, message, metadataSet, renamed } from "../../testing/thread-script.ts";
import { threadFolder, threadJsonFile } from "./data-paths.ts";
import { decodeThreadJson, encodeThreadJson } from "./thread-json.ts";

const long = "x".repeat(500);

/** A thread in files under its first title, its new title in the journal, and who checkpoints it. */
async function prepare(t: TestContext, seed: number) {
  const fixture = new EmbeddedFixture(t, { seed });
  const script = fixture.script("a");
  const first = await fixture.open();
  await first.commit(script.commit(created({ title: "old", metadata: { long } }), message("m")));
  await first.close();
  const store = await fixture.open((files) => {
    files.shortWrites = true;
  });
  await store.commit(script.commit(renamed("new"), metadataSet({})));
  return { fixture, script, store };
}

/** The title in the file as it lies there; throws when the file is not whole. */
function titleIn({ disk, dataDir }: EmbeddedFixture): string | null {
  const key = { orgId: "acme", threadId: "thr_a" };
  const file = disk.file(threadJsonFile(threadFolder(dataDir, key)));
  assert.ok(file !== null, "the file is never missing");
  return decodeThreadJson(file.bytes).head.thread.title;
}

for (const power of [false, true]) {
  const when = power ? "power goes" : "the process dies";
  test(`LOG19 thread.json is the old or the new one wherever ${when}`, async (t) => {
    const seen = new Map<string | null, number>();
    let died = true;
    for (let step = 1; died; step += 2) {
      const { fixture, script, store } = await prepare(t, step);
      fixture.files.dieAt(fixture.files.edits + step);
      await store.close();
      died = fixture.files.dead;
      if (power) fixture.disk.losePower(fixture.random);
      const title = titleIn(fixture);
      seen.set(title, (seen.get(title) ?? 0) + 1);
      const again = await fixture.open();
      await assertStored(again, script.key, script.expected());
      await again.close();
      assert.equal(titleIn(fixture), "new", "a checkpoint that was cut short is done again");
      assert.deepEqual(fixture.disk.paths(/thread\.json\./), [], "nothing temporary is left");
    }
    assert.deepEqual([...seen.keys()].sort(), ["new", "old"], "both sides of the change were met");
  });
}

test("LOG19 a thread.json that fails to be written leaves the old one", async (t) => {
  for (const kind of ["write", "sync", "rename"] as const) {
    const { fixture, script, store } = await prepare(t, 1);
    fixture.files.fail({ kind, path: /thread\.json/, code: "EIO" });
    await store.close();
    assert.equal(titleIn(fixture), "old", kind);
    const again = await fixture.open();
    await assertStored(again, script.key, script.expected());
    await again.close();
    assert.equal(titleIn(fixture), "new");
  }
});

test("LOG19 LOG20 a file of which any byte changed or is missing is not taken for the thread's", (t) => {
  const fixture = new EmbeddedFixture(t);
  const script = fixture.script("a");
  script.commit(created({ title: "t", metadata: { a: [1, "b"] } }), message("m"));
  const { thread } = script.expected();
  assert.ok(thread !== null);
  const whole = encodeThreadJson(thread, ["rol_a", "rol_b"]);
  assert.deepEqual(decodeThreadJson(whole).rollouts, ["rol_a", "rol_b"]);
  for (let end = 0; end < whole.length - 1; end += 1) {
    assert.throws(() => decodeThreadJson(whole.subarray(0, end)), `cut at ${end}`);
  }
  for (let at = 0; at < whole.length; at += 1) {
    const changed = Buffer.from(whole);
    changed[at] = (changed[at] as number) ^ 0x01;
    assert.throws(() => decodeThreadJson(changed), `changed at ${at}`);
  }
});
