/**
 * What a store owes the world: for each thread the commits it acknowledged, those still without an
 * answer and those it refused. After a crash the thread must stand at one commit from the last
 * acknowledged on, whole, and nothing refused may be there (LOG1, LOG12, LOG22).
 */
import assert from "node:assert/strict";
import type { ThreadKey } from "../store/thread-key.ts";
import type { Commit, ThreadStore } from "../store/thread-store.ts";
import { assertStored, storedRevision } from "./assert-stored.ts";
import type { SimulatedDisk } from "./simulated-disk.ts";
import { stageHistory } from "./stage-history.ts";
import type { Step, ThreadScript } from "./thread-script.ts";

/** One thread with what was promised about it. */
export class PromisedThread {
  readonly script: ThreadScript;
  readonly #disk: SimulatedDisk | null;
  /** The last version that was acknowledged. */
  acknowledged = 0;

  /** With a disk, each acknowledgement is checked against what is on stable storage (LOG1). */
  constructor(script: ThreadScript, disk: SimulatedDisk | null = null) {
    this.script = script;
    this.#disk = disk;
  }

  get key(): ThreadKey {
    return this.script.key;
  }

  /** Commits on all that was committed before. Gives whether it was acknowledged. */
  async commit(store: ThreadStore, ...steps: readonly Step[]): Promise<boolean> {
    return this.#give(store, this.script.commit(...steps));
  }

  /** Stages all of `whole` and commits it in the thread's place. Gives whether it was acknowledged. */
  async import(store: ThreadStore, whole: ThreadScript): Promise<boolean> {
    const history = await stageHistory(store, whole).catch(() => null); // cut off by a crash
    if (history === null) return false;
    const { staged, head } = history;
    const isKept = await this.#give(store, this.script.import(staged.id, head, whole));
    await staged.discard();
    for (const { line } of isKept ? whole.expected().events : []) {
      assert.ok(this.#disk?.holdsStable(line), "LOG1 acknowledged before it was synced");
    }
    return isKept;
  }

  async #give(store: ThreadStore, commit: Commit): Promise<boolean> {
    const { version } = this.script;
    const outcome = await store.commit(commit).catch(() => "refused"); // or cut off by a crash
    if (outcome === "refused") return false;
    // Decided on a commit that was refused meanwhile, and refused with it.
    if (outcome === "conflict" && this.acknowledged < version - 1) return false;
    assert.equal(outcome, "committed");
    assert.equal(this.acknowledged, version - 1, "acknowledged in order");
    this.acknowledged = version;
    for (const change of this.#disk === null ? [] : commit.changes) {
      if (change.kind !== "event") continue;
      assert.ok(this.#disk?.holdsStable(change.line), "LOG1 acknowledged before it was synced");
    }
    return true;
  }

  /** After a restart: checks what is there, and goes on from it. */
  async verify(store: ThreadStore): Promise<void> {
    const revision = await storedRevision(store, this.key);
    const version = this.script.versionAt(revision);
    assert.ok(version !== null, `${this.key.threadId} is between two commits: ${revision}`);
    assert.ok(
      version >= this.acknowledged,
      `${this.key.threadId} is at version ${version}, ${this.acknowledged} was acknowledged`,
    );
    await assertStored(store, this.key, this.script.expected(version));
    this.script.rewind(version);
    this.acknowledged = version;
  }

  /** The commits that were refused came to nothing: the thread stands where it was acknowledged. */
  dropRefused(): void {
    this.script.rewind(this.acknowledged);
  }
}
