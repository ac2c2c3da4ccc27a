/**
 * Takes power and the tables away at every step the store makes while a run's lease is renewed and
 * the run ends: rollout files may then know of the end what `thread.json` does not of the renewal,
 * and replay meets it again (LOG9, LOG14).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { PromisedThread } from "../../testing/crash-oracle.ts";
import { EmbeddedFixture } from "../../testing/embedded-fixture.ts";
import {
  created,
  event,
  leaseRenewed,
  runCompleted,
  runLapsed,
  runStarted,
  type Step,
} from "../../testing/thread-script.ts";
import type { EmbeddedStore } from "./embedded-store.ts";

const ends: readonly (readonly Step[])[] = [
  [runCompleted()],
  [runLapsed()],
  [runCompleted(), runStarted("run_2")],
];

for (const [at, end] of ends.entries()) {
  test(`LOG9 LOG14 RUN14 a renewed run that ends survives a crash at any step, ${at + 1}`, async (t) => {
    for (let step = 1, isOver = false; !isOver; step += 1) {
      const fixture = new EmbeddedFixture(t, { seed: step });
      const thread = new PromisedThread(fixture.script("a"), fixture.disk);
      const store = await workload(fixture, thread, { end, dieAt: step });
      isOver = !fixture.files.dead;
      await fixture.losePower(store, "gone");
      const again = await fixture.open();
      await thread.verify(again);
      const damage = fixture.logs.filter((line) => line.startsWith("damaged"));
      assert.deepEqual(damage, [], `step ${step}`);
      await again.close();
    }
  });
}

async function workload(
  fixture: EmbeddedFixture,
  thread: PromisedThread,
  { end, dieAt }: { readonly end: readonly Step[]; readonly dieAt: number },
): Promise<EmbeddedStore | null> {
  let store: EmbeddedStore | null = null;
  try {
    // The run's start is in the files before its renewal is in the journal.
    store = await fixture.open();
    await thread.commit(store, created(), runStarted("run_1"));
    await store.close();
    store = await fixture.open((files) => files.dieAt(dieAt));
    fixture.clock.advance(10);
    await thread.commit(store, event("custom"), leaseRenewed());
    await thread.commit(store, ...end);
    await store.close();
  } catch (error) {
    if (!fixture.files.dead) throw error;
  }
  return store;
}
