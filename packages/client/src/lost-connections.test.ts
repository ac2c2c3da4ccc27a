/**
 * A publisher and two watchers whose connections are cut, and whose server is restarted, at seeded
 * random moments: every durable frame is stored once and in order, and seen so by both.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event } from "@spool/protocol/resources";
import { SeededRandom } from "../../server/src/testing/seeded-random.ts";
import { startTestServer } from "../../server/src/testing/test-server.ts";
import { LiveClient } from "./live-client.ts";
import { type Publisher, startPublisher } from "./publisher.ts";
import { SpoolClient } from "./spool-client.ts";
import { watchThread } from "./subscription.ts";
import { allOf } from "./testing/all-of.ts";
import { startDroppingProxy } from "./testing/dropping-proxy.ts";
import { freePort } from "./testing/free-port.ts";
import { type Received, WatchProgress } from "./watch-progress.ts";

const seeds = [1, 2, 3, 4];
const threadId = "thr_a";
const framesCount = 300;
const troublesCount = 5;

/** What is called when the connection is to be lost, in one way or the other. */
type Trouble = () => Promise<unknown> | unknown;

async function pause(random: SeededRandom): Promise<void> {
  if (random.chance(0.3)) await new Promise((resolve) => setTimeout(resolve, random.below(4)));
}

/** Publishes the run; a few times trouble comes in the midst of frames that are under way. */
async function publishThrough(
  publisher: Publisher,
  random: SeededRandom,
  troubles: readonly Trouble[],
): Promise<void> {
  await publisher.publish({ type: "run_started", payload: {} });
  const every = Math.floor(framesCount / (troublesCount + 1));
  let underWay: Promise<unknown>[] = [];
  let written = "";
  for (let number = 1; number <= framesCount; number += 1) {
    const messageId = `m${number}`;
    for (let part = random.below(4); part > 0; part -= 1) {
      const payload = { messageId, delta: `${number}.${part} ` };
      written += payload.delta;
      void publisher.publish({ type: "assistant_message_delta", payload });
      await pause(random);
    }
    const payload = { messageId, content: written };
    written = "";
    underWay.push(publisher.publish({ type: "assistant_message", payload }));
    await pause(random);
    if (number % every !== 0) continue;
    const trouble = troubles[number / every - 1];
    const done = trouble?.();
    if (random.chance(0.5)) await done;
    underWay.push(publisher.publish({ type: "custom", payload: { name: "n", data: number } }));
    await Promise.all([done, ...underWay]);
    underWay = [];
  }
  await publisher.publish({ type: "run_completed", payload: { status: "completed" } });
  await publisher.close();
}

const eventsOf = (received: Received): readonly Event[] => {
  if (received.kind === "snapshot") return received.frame.events;
  return received.kind === "event" ? [received.frame] : [];
};
const isOver = (events: readonly Event[]) => events.at(-1)?.type === "run_completed";

/** Follows until the run is over. */
async function follow(client: SpoolClient): Promise<Event[]> {
  const seen: Event[] = [];
  for await (const received of watchThread(client, threadId)) {
    seen.push(...eventsOf(received));
    if (isOver(seen)) break;
  }
  return seen;
}

/** Follows as well, but leaves now and then and comes back with its position. */
async function followInPieces(client: SpoolClient, random: SeededRandom): Promise<Event[]> {
  const seen: Event[] = [];
  const progress = new WatchProgress("0.00000000");
  while (!isOver(seen)) {
    const live = new LiveClient(client);
    const frames = 1 + random.below(60);
    let taken = 0;
    for await (const received of live.subscribe(threadId, { after: progress.after ?? 0 })) {
      seen.push(...eventsOf(received));
      progress.take(received.text);
      taken += 1;
      if (taken >= frames || isOver(seen)) break;
    }
  }
  return seen;
}

async function runSeed(seed: number): Promise<void> {
  const random = new SeededRandom(seed);
  const server = await startTestServer({ flags: { port: String(await freePort()) } });
  const proxy = await startDroppingProxy(server.port);
  const credential = { apiKey: server.keys.owner };
  const client = new SpoolClient({ url: proxy.url, credential });
  try {
    const troubles = Array.from({ length: troublesCount }, (_, index) =>
      index % 3 === seed % 3 ? () => server.restart() : () => proxy.drop(),
    );
    await client.threads.create({ id: threadId });
    const publisher = startPublisher(client, { threadId, runId: "run_a", random: () => 0 });
    const [seen, inPieces] = await Promise.all([
      follow(client),
      followInPieces(client, random),
      publishThrough(publisher, random, troubles),
    ]);
    const direct = new SpoolClient({ url: server.url, credential });
    const stored = await allOf(direct.history.allEvents(threadId, { allRollouts: true }));
    const runSequences = stored.map(({ runSequence }) => runSequence);
    const count =
      framesCount + troublesCount + 2 + (framesCount % (troublesCount + 1) === 0 ? 1 : 0);
    assert.deepEqual(
      runSequences,
      Array.from({ length: count }, (_, index) => index + 1),
    );
    const ids = stored.flatMap(({ payload }) => payload.messageId ?? []);
    assert.deepEqual(
      ids,
      Array.from({ length: framesCount }, (_, index) => `m${index + 1}`),
    );
    assert.deepEqual(seen, stored);
    assert.deepEqual(inPieces, stored);
  } finally {
    await proxy.close();
    await server.close();
  }
}

for (const seed of seeds) {
  const title = `PUB20 LIVE14 each frame once and in order, whatever is lost (seed ${seed})`;
  test(title, { concurrency: true }, () => runSeed(seed));
}
