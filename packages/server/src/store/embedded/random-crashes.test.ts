/**
 * Random commands on several threads at once, while processes are closed, killed, struck by power
 * failures and refused by the disk, seed by seed, against an oracle of what was acknowledged: that
 * is there afterwards, whole and in order, nothing that was refused for good, and the store goes
 * on (LOG1, LOG9, LOG12, LOG14). A seed that failed once stays in the list.
 */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { assertStored } from "../../testing/assert-stored.ts";
import { PromisedThread } from "../../testing/crash-oracle.ts";
import { EmbeddedFixture } from "../../testing/embedded-fixture.ts";
import { eventually, settled } from "../../testing/eventually.ts";
import { SeededRandom } from "../../testing/seeded-random.ts";
import {
  archived,
  compacted,
  created,
  deleted,
  event,
  message,
  metadataSet,
  renamed,
  runCompleted,
  runStarted,
  type Step,
} from "../../testing/thread-script.ts";
import type { EmbeddedStore } from "./embedded-store.ts";
import type { StoreLimits } from "./store-limits.ts";

const failedOnce = [1_030, 1_200, 1_344];
const seeds = [...Array.from({ length: 20 }, (_, at) => at + 1), ...failedOnce];
const roundsPerSeed = 6;

for (const seed of seeds) {
  test(`LOG1 LOG9 LOG12 LOG14 random commands and crashes, seed ${seed}`, async (t) => {
    await new Simulation(t, seed).run();
  });
}

class Simulation {
  readonly #random: SeededRandom;
  readonly #fixture: EmbeddedFixture;
  readonly #threads: PromisedThread[] = [];

  constructor(t: TestContext, seed: number) {
    this.#random = new SeededRandom(seed);
    this.#fixture = new EmbeddedFixture(t, { seed, limits: this.#randomLimits() });
  }

  async run(): Promise<void> {
    for (let round = 0; round < roundsPerSeed; round += 1) {
      const dieAt = this.#random.chance(0.6)
        ? 1 + this.#random.below(250)
        : Number.POSITIVE_INFINITY;
      const store = await this.#open(dieAt);
      if (store !== null) await this.#verifyAndWork(store);
      await this.#end(store);
    }
    const store = await this.#fixture.open();
    await this.#verify(store);
    await store.close();
    const damage = this.#fixture.logs.filter((line) => line.startsWith("damaged"));
    assert.deepEqual(damage, [], "no crash is taken for damage");
  }

  #randomLimits(): Partial<StoreLimits> {
    const random = this.#random;
    return {
      segmentBytes: random.pick([600, 3_000, 30_000]),
      allocateBytes: random.pick([256, 4_096]),
      batchBytesMax: random.pick([300, 100_000]),
      blockBytes: random.pick([200, 4_000]),
      sealedSegmentsMax: random.pick([1, 8]),
      viewIntervalMs: random.pick([1, 1_000_000]),
      indexesMax: random.pick([1, 100]),
    };
  }

  /** Null when the process died while it started. */
  async #open(dieAt: number): Promise<EmbeddedStore | null> {
    try {
      return await this.#fixture.open((files) => {
        files.shortWrites = this.#random.chance(0.5);
        files.dieAt(dieAt);
      });
    } catch (error) {
      if (!this.#fixture.files.dead) throw error;
      return null;
    }
  }

  async #verifyAndWork(store: EmbeddedStore): Promise<void> {
    try {
      await this.#verify(store);
    } catch (error) {
      if (!this.#fixture.files.dead) throw error;
    }
    await this.#work(store);
  }

  async #verify(store: EmbeddedStore): Promise<void> {
    for (const thread of this.#threads) await thread.verify(store);
  }

  /** Bursts of commits, many under way at once; sometimes the disk is full meanwhile. */
  async #work(store: EmbeddedStore): Promise<void> {
    const { files, clock } = this.#fixture;
    for (let burst = 0; burst < 6 && !files.dead; burst += 1) {
      if (this.#random.chance(0.2)) files.freeBytes = this.#random.below(3_000);
      const answers: Promise<boolean>[] = [];
      for (let commits = this.#random.below(12); commits > 0; commits -= 1) {
        clock.advance(this.#random.below(3));
        const thread = this.#pickThread();
        if (thread.script.expected().thread?.deletedAt != null) continue;
        answers.push(thread.commit(store, ...this.#nextSteps(thread)));
        if (this.#random.chance(0.1)) await settled(3);
      }
      const allAcknowledged = await this.#answered(answers);
      if (!allAcknowledged && !files.dead) await this.#recover(store);
      if (!files.dead && this.#random.chance(0.3)) await this.#readSome(store);
    }
  }

  /** Whether all were acknowledged. Appends that wait for room on a full disk get it after a while. */
  async #answered(answers: readonly Promise<boolean>[]): Promise<boolean> {
    const { files } = this.#fixture;
    let outcome: boolean | null = null;
    void Promise.all(answers).then((all) => {
      outcome = all.every(Boolean);
    });
    for (let turns = 0; outcome === null && !files.dead; turns += 1) {
      if (turns === 20) files.heal();
      await settled(10);
    }
    files.heal();
    return outcome ?? false;
  }

  /** After a full disk: what was refused came to nothing, and the store goes on by itself. */
  async #recover(store: EmbeddedStore): Promise<void> {
    const { files } = this.#fixture;
    files.heal();
    await eventually("it writes again", () => files.dead || store.health().state === "writable");
    if (files.dead) return;
    for (const thread of this.#threads) thread.dropRefused();
  }

  async #readSome(store: EmbeddedStore): Promise<void> {
    const { key, script } = this.#pickThread();
    await assertStored(store, key, script.expected());
  }

  async #end(store: EmbeddedStore | null): Promise<void> {
    const fixture = this.#fixture;
    const ending = this.#random.pick(["closed", "killed", "power", "power"] as const);
    if (ending === "closed" && store !== null) await store.close();
    else if (ending === "power") {
      await fixture.losePower(store, this.#random.pick(["kept", "durable", "gone"]));
    } else await fixture.kill(store);
    if (ending !== "power" && this.#random.chance(0.3)) fixture.removeView();
  }

  #pickThread(): PromisedThread {
    const { length } = this.#threads;
    if (length > 2 && this.#random.chance(0.9)) return this.#random.pick(this.#threads);
    const name = `${this.#random.pick(["a", "A", "b"])}${length}`;
    const thread = new PromisedThread(this.#fixture.script(name), this.#fixture.disk);
    this.#threads.push(thread);
    return thread;
  }

  #nextSteps({ script }: PromisedThread): Step[] {
    const random = this.#random;
    const { thread, head } = script.expected();
    if (thread === null) return [created()];
    const size = random.pick([1, 40, 700]);
    const id = `${script.version}`;
    const running = head?.run !== null;
    const choices: Step[][] = [
      [message("m".repeat(size), id)],
      [message("a"), message("b".repeat(size)), event("custom", { size })],
      [renamed(`title ${id}`), archived(random.chance(0.5))],
      [metadataSet({ id, filler: "f".repeat(size) })],
      running
        ? [event("assistant_message", { content: id }), runCompleted()]
        : [runStarted(`run_${id}`)],
      [event("compaction_started"), compacted(`rol_${id}`), message("n")],
    ];
    if (random.chance(0.04)) return [deleted()];
    return random.pick(choices);
  }
}
