/**
 * Random commands of several publishers on one thread over the real store, while time passes, clocks
 * jump, flushes fail and processes are closed, killed or lose power, seed by seed: whatever
 * happens, every start of a run has one end before the next, what was acknowledged is there, and no
 * run that was heard of is ended before its time (RUN4, RUN13, RUN16).
 */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { DomainError } from "@spool/protocol/errors";
import type { RegisterRun } from "@spool/protocol/requests";
import { assertRuns } from "../testing/assert-runs.ts";
import { CommandServer, type StoredEvent } from "../testing/command-server.ts";
import { eventually, settled } from "../testing/eventually.ts";
import { SeededRandom } from "../testing/seeded-random.ts";
import { cancel, complete, publish, type Step, start, step } from "./decide-specification.ts";
import type { CommandResult } from "./thread-commands.ts";

const seeds = Array.from({ length: 24 }, (_, at) => at + 1);
const roundsPerSeed = 5;
const leaseMs = 20_000;

const register = (runId: string, body: RegisterRun) => step({ kind: "register_run", runId, body });
const expire: Step = step({ kind: "expire_run" });

let lapses = 0;
let resumed = 0;

for (const seed of seeds) {
  test(`RUN4 RUN13 RUN15 RUN16 random runs, lapses and crashes, seed ${seed}`, async (t) => {
    await new Simulation(t, seed).run();
  });
}

test("RUN13 RUN15 the seeds had runs that lapsed, and runs that went on", () => {
  assert.ok(lapses > 50 && resumed > 20, `${lapses} lapses, ${resumed} resumed`);
});

class Simulation {
  readonly #random: SeededRandom;
  readonly #server: CommandServer;
  /** Highest sequence that was acknowledged. */
  #acknowledged = 0;
  /** When each run was last heard of for certain, by the clock that does not jump. */
  readonly #heardAt = new Map<string, number>();

  constructor(t: TestContext, seed: number) {
    this.#random = new SeededRandom(seed);
    const segmentBytes = this.#random.pick([600, 3_000]);
    this.#server = new CommandServer(t, { segmentBytes, viewIntervalMs: 1 });
  }

  async run(): Promise<void> {
    const random = this.#random;
    for (let round = 0; round < roundsPerSeed; round += 1) {
      await this.#server.open({ lanesMax: random.pick([1, 100]) });
      if (round > 0) await this.#check();
      await this.#work();
      const ending = random.pick(["close", "kill", "power"]);
      if (ending === "close") await this.#server.close();
      else await this.#server.kill(ending === "power" ? "lost" : "stays");
      this.#server.fixture.clock.advance(random.pick([0, 5_000, 100_000]));
    }
    await this.#server.open();
    await this.#check();
    await this.#server.close();
  }

  async #check(): Promise<void> {
    const events = await this.#server.events();
    assert.ok(events.length >= this.#acknowledged, "what was acknowledged is there");
    assertRuns(events);
  }

  /** Bursts of commands, some at once; sometimes the disk is full meanwhile. */
  async #work(): Promise<void> {
    const { fixture } = this.#server;
    for (let burst = 0; burst < 12; burst += 1) {
      const { clock, files } = fixture;
      clock.advance(this.#random.pick([1, 1_000, 6_000, 19_000, 21_000]));
      if (this.#random.chance(0.2)) clock.jump(this.#random.pick([-3_600_000, 3_600_000]));
      const failing = this.#random.chance(0.15);
      if (failing) files.fail({ kind: "sync", path: /journal/, code: "ENOSPC", times: 1 });
      const before = (await this.#server.events()).length;
      const answers = Array.from({ length: 1 + this.#random.below(4) }, () => this.#give());
      await Promise.all(answers);
      if (failing) files.heal();
      await eventually("it writes", () => this.#server.store.health().state === "writable");
      await settled(2);
      this.#count((await this.#server.events()).slice(before));
    }
  }

  /** Gives one command; a refusal is as good an outcome. */
  async #give(): Promise<void> {
    const { clock } = this.#server.fixture;
    const given = this.#anyStep();
    try {
      const { head }: CommandResult = await this.#server.do(given);
      this.#acknowledged = Math.max(this.#acknowledged, head.thread.sequence);
      if (head.run === null) return;
      if (isHeardOf(given, head.run.runId)) this.#heardAt.set(head.run.runId, clock.steadyNow());
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
    }
  }

  #anyStep(): Step {
    const random = this.#random;
    const runId = `run_${random.below(5)}`;
    const leaseSeconds = leaseMs / 1_000;
    return random.pick([
      start(runId, { leaseSeconds }),
      register(runId, { leaseSeconds, prompt: "go" }),
      publish(runId, [{ type: "custom", payload: { name: "n", data: 1 } }]),
      publish(runId, []),
      publish(runId, []),
      publish(runId, [{ type: "compaction_started", payload: {} }]),
      publish(null, [{ type: "user_message", payload: { content: "beside" } }]),
      random.chance(0.4) ? complete(runId) : expire,
      random.chance(0.3) ? cancel() : expire,
    ]);
  }

  /** A run that lapsed was not heard of for its whole lease. */
  #count(added: readonly StoredEvent[]): void {
    const now = this.#server.fixture.clock.steadyNow();
    for (const { payload, runId } of added) {
      if (payload.resumed === true) resumed += 1;
      if (payload.reason !== "lease_expired") continue;
      lapses += 1;
      const heardAt = this.#heardAt.get(runId as string) ?? Number.NEGATIVE_INFINITY;
      const isOfNow = heardAt === now;
      assert.ok(isOfNow || now - heardAt >= leaseMs, `${runId} was heard of ${now - heardAt} ago`);
    }
  }
}

function isHeardOf({ command }: Step, runId: string): boolean {
  return command.kind === "publish" && command.request.runId === runId;
}
