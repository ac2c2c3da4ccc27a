/** A closed rollout stays as it is: no later checkpoint, restart or rebuild touches it (ROL3). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertStored } from "../../testing/assert-stored.ts";
import { EmbeddedFixture } from "../../testing/embedded-fixture.ts";
import {
  compacted,
  created,
  event,
  message,
  metadataSet,
  renamed,
  type Step,
} from "../../testing/thread-script.ts";

const firstRollout = /rol_a\.(jsonl|idx)$/;

test("ROL3 files of a closed rollout are never written again, and keep their bytes", async (t) => {
  const fixture = new EmbeddedFixture(t);
  const script = fixture.script("a");
  let store = await fixture.open();
  const commitAll = async (...commits: readonly (readonly Step[])[]) => {
    for (const steps of commits) {
      assert.equal(await store.commit(script.commit(...steps)), "committed");
    }
  };
  await commitAll(
    [created(), message("x".repeat(900))],
    [message("y".repeat(900))],
    [event("compaction_started"), compacted("rol_next")],
  );
  await store.close();
  const before = bytesOf(fixture);
  assert.equal(before.length, 2);

  for (const [round, ending] of ["closed", "killed", "tables gone", "closed"].entries()) {
    store = await fixture.open();
    for (let at = 0; at < 6; at += 1) await commitAll([message("z".repeat(800))]);
    const next = compacted(`rol_after_${round}`);
    await commitAll([renamed(`title ${round}`), metadataSet({ round })]);
    await commitAll([event("compaction_started"), next]);
    await assertStored(store, script.key, script.expected());
    if (ending === "killed") await fixture.losePower(store);
    else await store.close();
    if (ending === "tables gone") fixture.removeView();
    assert.deepEqual(bytesOf(fixture), before, ending);
    for (const kind of ["make", "write", "truncate", "rename", "remove"] as const) {
      assert.equal(fixture.files.count(kind, firstRollout), 0, `${kind} when ${ending}`);
    }
  }
  const { rollouts } = script.expected();
  assert.equal(rollouts.length, 6);
});

test("ROL3 replay of a closed rollout's lines writes what stands there already", async (t) => {
  // Power goes at every other step of the checkpoint that files it, and of the one that does it again.
  let died = true;
  for (let step = 1; died; step += 2) {
    const fixture = new EmbeddedFixture(t, { seed: step });
    const script = fixture.script("a");
    let store = await fixture.open();
    await store.commit(script.commit(created(), message("x".repeat(900)), message("y")));
    await store.commit(script.commit(event("compaction_started"), compacted("rol_next")));
    fixture.files.dieAt(fixture.files.edits + step);
    await store.close();
    died = fixture.files.dead;
    if (died) fixture.disk.losePower(fixture.random);
    store = await fixture.open();
    await store.commit(script.commit(message("goes on")));
    await store.close();
    const events = script.expected().events.filter(({ rolloutId }) => rolloutId === "rol_a");
    const lines = fixture.disk.files(/rol_a\.jsonl$/)[0]?.file.bytes;
    assert.equal(`${lines}`, events.map(({ line }) => `${line}\n`).join(""), `step ${step}`);
  }
});

function bytesOf({ disk }: EmbeddedFixture): { path: string; bytes: Buffer }[] {
  return disk
    .files(firstRollout)
    .map(({ path, file }) => ({ path, bytes: Buffer.from(file.bytes) }));
}
