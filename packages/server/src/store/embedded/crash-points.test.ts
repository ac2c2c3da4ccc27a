/**
 * Takes power away at every single step the store makes on the disk, start and close included, and
 * checks each time what is left: all that was acknowledged, whole commits only, and a store that
 * goes on (LOG9, LOG14).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkAfterCrash } from "../../testing/check-after-crash.ts";
import { PromisedThread } from "../../testing/crash-oracle.ts";
import { EmbeddedFixture, type ViewAfterwards } from "../../testing/embedded-fixture.ts";
import {
  archived,
  compacted,
  created,
  deleted,
  event,
  leaseRenewed,
  message,
  metadataSet,
  renamed,
  runCompleted,
  runLapsed,
  runReopened,
  runStarted,
  type Step,
} from "../../testing/thread-script.ts";
import type { EmbeddedStore } from "./embedded-store.ts";

/** Every nth step is a crash; where that begins moves with the kind of crash. */
const stride = 6;
const kinds: readonly (readonly [name: string, power: boolean, view: ViewAfterwards])[] = [
  ["the process dies, and later power goes", false, "kept"],
  ["power goes, the tables stay", true, "kept"],
  ["power goes, the tables are as they were durable", true, "durable"],
  ["power goes and the tables are lost", true, "gone"],
];

for (const [offset, [name, power, view]] of kinds.entries()) {
  test(`LOG14 LOG9 nothing acknowledged is lost at any step when ${name}`, async (t) => {
    const total = (await workload(new EmbeddedFixture(t), Number.POSITIVE_INFINITY)).edits;
    let crashes = 0;
    for (let step = 1 + offset; step <= total; step += stride) {
      const fixture = new EmbeddedFixture(t, { seed: step });
      const { store, threads } = await workload(fixture, step);
      if (power) await fixture.losePower(store, view);
      else await fixture.kill(store);
      await checkAfterCrash(fixture, threads, { where: `step ${step}`, powerLater: !power });
      crashes += 1;
    }
    t.diagnostic(`${crashes} crashes over ${total} steps`);
    assert.ok(crashes > 40);
  });
}

/** What happens to one thread, one commit after the other. */
const life: readonly (readonly Step[])[] = [
  [created({ metadata: { a: 1 } }), message("hello", "m1")],
  [runStarted("run_1", { agentId: "coder" }), event("custom", { data: "x".repeat(300) })],
  [renamed("a title"), event("compaction_started"), compacted("rol_second")],
  [leaseRenewed(), event("assistant_message", { content: "y".repeat(500) }), leaseRenewed()],
  [runLapsed(), runReopened("run_1")],
  [metadataSet({ b: 2 }), runCompleted()],
  [message("again", "m2"), archived()],
  [runStarted("run_2"), leaseRenewed(), event("compaction_started"), compacted("rol_third")],
  [leaseRenewed(), runCompleted()],
];

/** Commits on four threads at once, one of which is deleted, until the process dies. */
async function workload(fixture: EmbeddedFixture, dieAt: number) {
  const { disk } = fixture;
  const threads = ["a", "A", "b", "deleted"].map(
    (name) => new PromisedThread(fixture.script(name), disk),
  );
  let store: EmbeddedStore | null = null;
  try {
    store = await fixture.open((files) => files.dieAt(dieAt));
    for (const steps of life) {
      fixture.clock.advance(10);
      const opened = store;
      const answers = threads.map((thread) => {
        const isLast = thread.key.threadId === "thr_deleted" && steps === life[6];
        if (thread.script.expected().thread?.deletedAt != null) return true;
        return thread.commit(opened, ...(isLast ? [deleted()] : steps));
      });
      await Promise.all(answers);
    }
    await store.close();
  } catch (error) {
    if (!fixture.files.dead) throw error;
  }
  return { store, threads, edits: fixture.files.edits };
}
