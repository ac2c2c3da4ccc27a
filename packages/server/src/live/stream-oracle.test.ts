/**
 * Publishers, restless watchers and a server that restarts, all by a seed; at the end every
 * watcher's durable list is the store's. A seed that fails once stays in the list.
 */
import { strict as assert } from "node:assert";
import { test } from "node:test";
import { eventually } from "../testing/eventually.ts";
import { liveTextsOf } from "../testing/live-texts.ts";
import { RestlessWatcher, ThreadPublisher, type Traffic } from "../testing/live-traffic.ts";
import { newIds } from "../testing/published-threads.ts";
import { SeededRandom } from "../testing/seeded-random.ts";
import { startTestServer, type TestServer } from "../testing/test-server.ts";
import { historyOf, openSockets, storedLines } from "../testing/watched-threads.ts";

const seeds = [1, 20_261_124];
const threads = 3;
const watchersPerThread = 4;
const stepsPerThread = 160;

/** Restarts the server once so many requests were answered. */
async function restartAt(traffic: Traffic, answered: number): Promise<void> {
  while (traffic.answered < answered && !traffic.isOver) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  traffic.up = traffic.server.restart();
  await traffic.up;
}

async function simulate(server: TestServer, seed: number): Promise<RestlessWatcher[]> {
  const random = new SeededRandom(seed);
  const traffic: Traffic = { server, up: Promise.resolve(), answered: 0, isOver: false };
  const ids = Array.from({ length: threads }, () => newIds("oracle").threadId);
  const publishers = ids.map((threadId, index) => {
    return new ThreadPublisher(threadId, traffic, new SeededRandom(seed * 100 + index));
  });
  // A thread is there once it has its first event.
  await Promise.all(publishers.map((publisher) => publisher.work(1)));
  const watchers = ids.flatMap((threadId) =>
    Array.from({ length: watchersPerThread }, () => {
      return new RestlessWatcher(threadId, traffic, new SeededRandom(random.below(1_000_000)));
    }),
  );
  const roaming = Promise.all(watchers.map((watcher) => watcher.roam()));
  const restarting = restartAt(traffic, 120 + random.below(200));
  await Promise.all(publishers.map((publisher) => publisher.work(stepsPerThread)));
  traffic.isOver = true;
  await Promise.all([roaming, restarting]);
  return watchers;
}

for (const seed of seeds) {
  test(`LIVE5 LIVE14 LIVE3 whatever happens, every watcher ends with the store's list, seed ${seed}`, async () => {
    const server = await startTestServer();
    try {
      const watchers = await simulate(server, seed);
      const returns = watchers.reduce((total, { returned }) => total + returned, 0);
      assert.ok(returns > 10, `they came back only ${returns} times`);
      for (const restless of watchers) {
        const history = await historyOf(server, restless.threadId);
        await restless.readTo(history.length);
        const { events } = restless.watcher;
        assert.deepEqual(
          events.map(({ sequence }) => sequence),
          history.map((_, index) => index + 1),
        );
        const different = events.findIndex(({ text }, index) => text !== history[index]);
        assert.equal(different, -1, events[different]?.text.slice(0, 200));
        liveTextsOf(restless.watcher); // fails at a delta that does not fit to the one before
        assert.deepEqual(await storedLines(server, restless.threadId), history);
        await restless.watcher.leave();
      }
      await eventually("no socket is open", async () => (await openSockets(server)) === 0);
    } finally {
      await server.close();
    }
  });
}
