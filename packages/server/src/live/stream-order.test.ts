/** Every durable frame once, in order, byte for byte, for watchers that join at any moment. */
import { strict as assert } from "node:assert";
import { after, before, test } from "node:test";
import {
  compaction,
  message,
  newIds,
  publish,
  runStarted,
  startedThread,
  type TestFrame,
} from "../testing/published-threads.ts";
import { SeededRandom } from "../testing/seeded-random.ts";
import { startTestServer, type TestServer } from "../testing/test-server.ts";
import { positionOfLine, type TestWatcher, watch } from "../testing/test-watcher.ts";
import { historyOf, publishAll, storedLines } from "../testing/watched-threads.ts";

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.close());

type Ids = { readonly threadId: string; readonly runId: string };

function open({ threadId }: Ids, query: Record<string, string> = {}): Promise<TestWatcher> {
  return watch(server, { threadId, key: server.keys.owner, query });
}

/** Publishes into a thread as fast as answers come, with other frames between the messages. */
class Load {
  readonly ids: Ids;
  stopped = false;
  sequence = 1;
  readonly #random: SeededRandom;
  #transients = 0;
  #rolloutId = "";

  constructor(ids: Ids, seed: number) {
    this.ids = ids;
    this.#random = new SeededRandom(seed);
  }

  /** Goes on until `stopped`, with two requests under way; gives the last sequence. */
  async run(): Promise<number> {
    while (!this.stopped) await Promise.all([this.#request(), this.#request()]);
    return this.sequence;
  }

  async #request(): Promise<void> {
    const events = this.#events();
    const answer = await publish(server, { ...this.ids, events });
    assert.equal(answer.status, 200, answer.bytes.toString());
    const { sequence, rolloutId } = answer.body.data;
    this.sequence = Math.max(this.sequence, sequence);
    this.#rolloutId = rolloutId;
  }

  #events(): TestFrame[] {
    const random = this.#random;
    if (random.chance(0.05)) return compaction("so far");
    const count = 1 + random.below(12);
    return Array.from({ length: count }, () => {
      if (this.#rolloutId === "" || random.chance(0.7))
        return message("x".repeat(random.below(800)));
      this.#transients += 1;
      const payload = { messageId: `m${this.#transients}`, delta: `d${this.#transients}` };
      return this.#transient(payload);
    });
  }

  #transient(payload: object): TestFrame {
    const sequenceNumber = this.#transients;
    // Durable frames need no rollout; a transient one names its own.
    const rolloutId = this.#rolloutId;
    return { type: "assistant_message_delta", payload, sequenceNumber, rolloutId };
  }
}
