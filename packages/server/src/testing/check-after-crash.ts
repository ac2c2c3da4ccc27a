/** What must hold after a crash at any moment, whatever was being written; for tests of the store. */
import { strict as assert } from "node:assert";
import { assertStored } from "./assert-stored.ts";
import type { PromisedThread } from "./crash-oracle.ts";
import type { EmbeddedFixture } from "./embedded-fixture.ts";
import { created, message } from "./thread-script.ts";

/**
 * Opens the directory again and again: each thread is what it was promised to be, takes writes,
 * and is the same after one more end of the process, by a loss of power with `powerLater`. Fails
 * with `where` in front of what is wrong.
 */
export async function checkAfterCrash(
  fixture: EmbeddedFixture,
  threads: readonly PromisedThread[],
  { where, powerLater }: { where: string; powerLater: boolean },
): Promise<void> {
  try {
    const store = await fixture.open();
    for (const thread of threads) await thread.verify(store);
    for (const thread of threads) {
      const { thread: row } = thread.script.expected();
      if (row?.deletedAt != null) continue;
      const step = row === null ? created() : message("after the crash");
      assert.equal(await thread.commit(store, step), true, "the store takes writes");
    }
    if (powerLater) await fixture.losePower(store);
    else await store.close();
    const again = await fixture.open();
    for (const { key, script } of threads) await assertStored(again, key, script.expected());
    await again.close();
  } catch (error) {
    (error as Error).message = `${where}: ${(error as Error).message}`;
    throw error;
  }
}
