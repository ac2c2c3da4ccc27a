/**
 * The two sides of the live stream's seeded test: publishers that do what agents and people do to a
 * thread, and watchers that stop reading, drop, and come back. Both survive a server that stops and
 * starts again: a publisher repeats what was not answered, with its numbers (LOG22).
 */
import { strict as assert } from "node:assert";
import { compaction, message, type TestFrame } from "./published-threads.ts";
import type { SeededRandom } from "./seeded-random.ts";
import type { TestResponse, TestServer } from "./test-server.ts";
import { type TestWatcher, watch } from "./test-watcher.ts";

/** What all share: the server, whether it is being restarted, and how far things are. */
export type Traffic = {
  readonly server: TestServer;
  /** Resolves when the server is there; replaced while it restarts. */
  up: Promise<unknown>;
  /** Requests that were answered. */
  answered: number;
  /** No publisher goes on. */
  isOver: boolean;
};

/** Publishes into one thread of its own, one request after the other. */
export class ThreadPublisher {
  readonly threadId: string;
  readonly #traffic: Traffic;
  readonly #random: SeededRandom;
  #runs = 0;
  #runId: string | null = null;
  #runSequence = 0;
  #rolloutId = "";
  #deltas = 0;
  #messages = 0;

  constructor(threadId: string, traffic: Traffic, random: SeededRandom) {
    this.threadId = threadId;
    this.#traffic = traffic;
    this.#random = random;
  }

  /** Does `steps` things to the thread, and ends its run. */
  async work(steps: number): Promise<void> {
    for (let step = 0; step < steps; step += 1) await this.#step();
    if (this.#runId !== null) await this.#complete();
  }

  async #step(): Promise<void> {
    if (this.#runId === null) return this.#start();
    const dice = this.#random.below(100);
    if (dice < 55)
      await this.#publish(this.#numbered(this.#messagesOf(1 + this.#random.below(15))));
    else if (dice < 70) await this.#publish(this.#deltasOf(1 + this.#random.below(10)));
    else if (dice < 77) await this.#publish(this.#numbered(compaction("so far")));
    else if (dice < 84) await this.#say();
    else if (dice < 91) await this.#patch();
    else if (dice < 95) await this.#cancel();
    else await this.#complete();
  }

  async #start(): Promise<void> {
    this.#runs += 1;
    this.#runId = `run_${this.threadId.slice(4)}_${this.#runs}`;
    this.#runSequence = 0;
    this.#deltas = 0;
    await this.#publish(this.#numbered([{ type: "run_started", payload: {} }]));
  }

  async #complete(): Promise<void> {
    await this.#publish(
      this.#numbered([{ type: "run_completed", payload: { status: "completed" } }]),
    );
    this.#runId = null;
  }

  async #cancel(): Promise<void> {
    const path = `/v1/threads/${this.threadId}/cancel`;
    // Repeated after an answer that was lost, it finds no run any more.
    await this.#ask("POST", path, undefined, [200, 409]);
    this.#runId = null;
  }

  async #say(): Promise<void> {
    this.#messages += 1;
    const payload = { content: `words ${this.#messages}`, messageId: `u${this.#messages}` };
    const events = [{ type: "user_message", payload }];
    await this.#ask("POST", "/v1/thread-events", { threadId: this.threadId, runId: null, events });
  }

  async #patch(): Promise<void> {
    const isRename = this.#random.chance(0.7);
    const title = this.#random.chance(0.2) ? null : `title ${this.#random.below(1_000)}`;
    const body = isRename ? { title } : { archived: this.#random.chance(0.5) };
    await this.#ask("PATCH", `/v1/threads/${this.threadId}`, body);
  }

  async #publish(events: readonly TestFrame[]): Promise<void> {
    const rollout = this.#rolloutId === "" ? {} : { rolloutId: this.#rolloutId };
    const isLive = events.some(({ sequenceNumber }) => sequenceNumber !== undefined);
    const ids = { threadId: this.threadId, runId: this.#runId, ...(isLive ? rollout : {}) };
    const answer = await this.#ask("POST", "/v1/thread-events", { ...ids, events });
    this.#rolloutId = answer.body.data.rolloutId;
  }

  #numbered(events: readonly TestFrame[]): TestFrame[] {
    return events.map((event) => {
      this.#runSequence += 1;
      return { ...event, runSequence: this.#runSequence };
    });
  }

  #messagesOf(count: number): TestFrame[] {
    return Array.from({ length: count }, () => {
      const isLarge = this.#random.chance(0.05);
      return message("wörds ".repeat(this.#random.below(isLarge ? 20_000 : 60)));
    });
  }

  #deltasOf(count: number): TestFrame[] {
    return Array.from({ length: count }, () => {
      this.#deltas += 1;
      const payload = { messageId: `m${this.#deltas % 3}`, delta: `${this.#deltas} ` };
      return { type: "assistant_message_delta", payload, sequenceNumber: this.#deltas };
    });
  }

  /** Asks until there is an answer that says it was done, across restarts. */
  async #ask(
    method: string,
    path: string,
    body: object | undefined,
    done: readonly number[] = [200],
  ): Promise<TestResponse> {
    const { server } = this.#traffic;
    for (;;) {
      await this.#traffic.up;
      const answer = await server
        .request(method, path, { key: server.keys.owner, body })
        .catch(() => null); // a connection that breaks while the server stops: asked again
      if (answer !== null && done.includes(answer.status)) {
        this.#traffic.answered += 1;
        return answer;
      }
      assert.ok(answer === null || answer.status === 503, answer?.bytes.toString());
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

/** A watcher that lives through everything; its durable list must be the store's at the end. */
export class RestlessWatcher {
  readonly threadId: string;
  /** How often it came back to where it was. */
  returned = 0;
  readonly #traffic: Traffic;
  readonly #random: SeededRandom;
  #watcher: TestWatcher | null = null;

  constructor(threadId: string, traffic: Traffic, random: SeededRandom) {
    this.threadId = threadId;
    this.#traffic = traffic;
    this.#random = random;
  }

  /** The watcher as it is; connected once `roam` has begun. */
  get watcher(): TestWatcher {
    assert.ok(this.#watcher);
    return this.#watcher;
  }

  /** Watches until the traffic is over, reading or not, dropping and coming back. */
  async roam(): Promise<void> {
    while (!this.#traffic.isOver) {
      await this.#present();
      await this.#progress(1 + this.#random.below(20));
      const dice = this.#random.below(100);
      if (dice < 25) await this.#stopReadingForAWhile();
      else if (dice < 45) await this.#end((watcher) => watcher.drop());
      else if (dice < 60) await this.#end((watcher) => watcher.leave());
      else if (dice < 65) await this.#startOver();
    }
    await this.#present();
  }

  /** Is connected and reads, however often that takes; resolves at event `last`. */
  async readTo(last: number): Promise<void> {
    for (;;) {
      await this.#present();
      await this.watcher.until(`event ${last}`, ({ sequence, closed }) => {
        return sequence >= last || closed !== null;
      });
      if (this.watcher.sequence >= last) return;
    }
  }

  /** Connects when there is no connection; by position, or by the bare sequence. */
  async #present(): Promise<void> {
    while (this.#watcher === null || this.#watcher.closed !== null) {
      await this.#traffic.up;
      try {
        await this.#connect();
      } catch (error) {
        // The server stops or is not there yet; a frame out of place must not be passed over.
        if (!/closed with (1001|1006)/.test(String(error))) throw error;
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }

  async #connect(): Promise<void> {
    const { server } = this.#traffic;
    if (this.#watcher === null) {
      const query = { include: "all_rollouts" };
      const request = { threadId: this.threadId, key: server.keys.owner, query };
      this.#watcher = await watch(server, request);
      return;
    }
    const { sequence, position } = this.#watcher;
    const after = this.#random.chance(0.7) ? position : String(sequence);
    this.returned += 1;
    await this.#watcher.reconnect({ after, include: "all_rollouts" });
    assert.equal(this.#watcher.snapshot.resumed, true, `after ${after}`);
  }

  /** Lets the publishers get some answers. */
  async #progress(answers: number): Promise<void> {
    const goal = this.#traffic.answered + answers;
    while (this.#traffic.answered < goal && !this.#traffic.isOver) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  async #stopReadingForAWhile(): Promise<void> {
    if (this.watcher.closed !== null) return;
    this.watcher.pause();
    await this.#progress(10 + this.#random.below(100));
    this.watcher.resume();
  }

  async #end(how: (watcher: TestWatcher) => Promise<void>): Promise<void> {
    if (this.watcher.closed === null) await how(this.watcher);
  }

  /** A new watcher that knows nothing takes its place. */
  async #startOver(): Promise<void> {
    await this.#end((watcher) => watcher.leave());
    this.#watcher = null;
  }
}
